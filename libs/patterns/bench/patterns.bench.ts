import { strict as assert } from 'node:assert';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compileJsonCondition, compilePattern, jsonEventCodec, mapConditions, PatternGroup, readJsonField, type CompiledPattern, type GroupMember, type GroupOptions, type GroupOutcome, type JsonCondition, type JsonEvent, type Pattern } from '../src/index';
import { benchEvents, type BenchEvent } from './bench-events';

export interface BenchLine { readonly bench: 'patterns'; readonly metric: string; readonly value: number; readonly unit: string; readonly n: number; readonly work: string }

const withinMs = 300_000;
const twentyMatchesFull = [54, 29, 12, 5, 73, 50, 29, 15, 78, 61, 47, 31, 84, 71, 56, 42, 85, 74, 62, 50];
const twentyMatchesQuick = [5, 1, 0, 0, 7, 1, 0, 0, 7, 1, 0, 0, 8, 3, 1, 0, 8, 3, 1, 0];

/** Figures of matching payments against one, twenty and a thousand patterns, on one hot key, and what a key takes, packed and in memory. Counts are checked. */
export async function* run(quick: boolean): AsyncIterable<BenchLine> {
  const count = quick ? 200_000 : 1_000_000;
  const { events, hash } = benchEvents(count);
  if (!quick) assert.equal(hash, '7947293b', 'these are not the events of the benchmark');
  const twenty = Array.from({ length: 20 }, (_, at) => smallThenLarge([50, 100, 200, 400, 800][Math.floor(at / 4)] as number, 2 + (at % 4)));
  const thousand = Array.from({ length: 1_000 }, (_, at) => smallThenLarge(50 + at * 0.75, 2 + (at % 4), 10_000 + at));
  yield* figures('one pattern', play([smallThenLarge(100, 3)], events, quick ? undefined : [50]));
  yield* figures('twenty patterns', play(twenty, events, quick ? twentyMatchesQuick : twentyMatchesFull));
  yield* figures('a thousand patterns', play(thousand, events, undefined));
  await new Promise((resolve) => setImmediate(resolve));
  yield* hotKey(10_000);
  yield* hotKey(20_000);
  yield* hotKey(40_000);
  yield* packedState(events);
  yield* heapPerKey();
  yield* combinations(quick ? 60 : 200);
}

interface Played { readonly count: number; readonly cpuUs: number; readonly tookMs: number }

function* figures(work: string, { count, cpuUs, tookMs }: Played): Generator<BenchLine> {
  const line = { bench: 'patterns', n: count, work } as const;
  yield { ...line, metric: 'cpu_per_item', value: round(cpuUs / count), unit: 'us' };
  yield { ...line, metric: 'throughput', value: Math.round((count * 1000) / tookMs), unit: '/s' };
}

function play(patterns: readonly CompiledPattern<JsonEvent>[], events: readonly BenchEvent[], expected: readonly number[] | undefined): Played {
  const group = groupOf(patterns);
  const matches = new Map<string, number>();
  const out: GroupOutcome<JsonEvent>[] = [];
  const cpu = process.cpuUsage(), began = process.hrtime.bigint();
  for (let offset = 0; offset < events.length; offset++) {
    const event = events[offset] as BenchEvent;
    group.advance(event.ts, out);
    group.accept(event.card, event, offset, event.ts, out);
    if (out.length === 0) continue;
    for (const { member } of out) matches.set(member.id, (matches.get(member.id) ?? 0) + 1);
    out.length = 0;
  }
  const { user, system } = process.cpuUsage(cpu);
  const tookMs = Number(process.hrtime.bigint() - began) / 1e6;
  if (expected) assert.deepEqual(patterns.map((_, at) => matches.get(`p${at}`) ?? 0), expected, 'other matches than expected');
  return { count: events.length, cpuUs: user + system, tookMs };
}

/** Many beginnings of one key that all wait: the cost per event must not grow with them. */
function* hotKey(count: number): Generator<BenchLine> {
  const events = Array.from({ length: count }, (_, at): BenchEvent => ({ id: `h${at}`, card: 'hot', ts: 1_700_000_000_000 + at, amount: 50 }));
  yield* figures(`a hot key, ${count} partial matches waiting`, play([smallThenLarge(100, 3)], events, [0]));
}

function* packedState(events: readonly BenchEvent[]): Generator<BenchLine> {
  for (const [work, patterns] of [['one pattern', [smallThenLarge(100, 3)]], ['twenty patterns', Array.from({ length: 20 }, (_, at) => smallThenLarge(50 + 40 * at, 2 + (at % 4)))]] as const) {
    const group = groupOf(patterns);
    events.slice(0, 200_000).forEach((event, offset) => { group.advance(event.ts, []); group.accept(event.card, event, offset, event.ts, []); });
    let bytes = 0, keys = 0;
    for (const [, value] of group.takeChanges()) if (value) { bytes += value.length; keys++; }
    yield { bench: 'patterns', metric: 'bytes_per_key', value: Math.round(bytes / keys), unit: 'B', n: keys, work: `packed state of a key with events noted, ${work}` };
  }
}

const heapKeys = 100_000;

/** Heap of a key with a partial match: at once after its events, and resting in the store. The events themselves are counted in. */
function* heapPerKey(): Generator<BenchLine> {
  const gc = collector();
  const withTimeouts = { timeouts: true };
  for (const [work, smalls, options] of [['one event noted', 1, {}], ['three events noted', 3, {}], ['a partial match of three events that runs event by event', 3, withTimeouts]] as const) {
    const group = groupOf([smallThenLarge(100, 3)], { ...options, hotKeysMax: 0, stored: () => undefined });
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < heapKeys * smalls; at++) {
      const ts = 1_700_000_000_000 + at;
      group.accept(`c${at % heapKeys}`, { id: `t${at}`, card: `c${at % heapKeys}`, ts, amount: 50 } as BenchEvent, at, ts, []);
    }
    gc();
    const hot = process.memoryUsage().heapUsed;
    yield { bench: 'patterns', metric: 'bytes_per_key', value: Math.round((hot - before) / heapKeys), unit: 'B', n: heapKeys, work: `heap of a key in memory, ${work}` };
    for (const _ of group.takeChanges()) continue;
    assert.equal(group.hotKeyCount, 0, 'keys that should rest');
    gc();
    yield { bench: 'patterns', metric: 'bytes_per_key', value: Math.round((process.memoryUsage().heapUsed - before) / heapKeys), unit: 'B', n: heapKeys, work: `heap of a key resting in the store, ${work}` };
  }
}

/** The worst a pattern can be: every subset of the events is a partial match. It is held at its bound, which is told. */
function* combinations(count: number): Generator<BenchLine> {
  const pattern: Pattern<JsonCondition> = {
    steps: [
      { name: 'any', contiguity: 'start', where: { field: 'amount', op: 'lt', value: 100 }, quantifier: { min: 1, max: null, optional: false, greedy: false, inner: 'allowCombinations' } },
      { name: 'end', contiguity: 'followedBy', where: { field: 'amount', op: 'gt', value: 10_000 } },
    ],
    within: { ms: withinMs, type: 'first-last' },
  };
  const compiled = compilePattern(mapConditions(pattern, (condition) => compileJsonCondition(condition, readJsonField)));
  const group = groupOf([compiled], { timeouts: true }), out: GroupOutcome<JsonEvent>[] = [];
  const gc = collector();
  gc();
  const before = process.memoryUsage().heapUsed, cpu = process.cpuUsage();
  for (let at = 0; at < count; at++) group.accept('hot', { id: `t${at}`, card: 'hot', ts: 1_700_000_000_000 + at, amount: 50 } as BenchEvent, at, 0, out);
  const { user, system } = process.cpuUsage(cpu);
  const work = 'oneOrMore with combinations on one key, at its bound of 2,048 branches an event';
  assert.ok(out.every(({ outcome }) => outcome.kind === 'limit') && out.length > 0, 'the bound was not reached');
  yield { bench: 'patterns', metric: 'cpu_per_item', value: round((user + system) / count), unit: 'us', n: count, work };
  gc();
  yield { bench: 'patterns', metric: 'bytes_per_key', value: process.memoryUsage().heapUsed - before, unit: 'B', n: 1, work };
  assert.equal(group.keyCount, 1);
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void; // what the flag brings
}

function groupOf(patterns: readonly CompiledPattern<JsonEvent>[], more: Partial<GroupOptions<JsonEvent>> = {}): PatternGroup<JsonEvent> {
  const members = patterns.map((compiled, at): GroupMember<JsonEvent> => ({ id: `p${at}`, compiled, sinceOffset: 0, begins: true }));
  return new PatternGroup(members, { timeOf: (event) => event.ts, readField: readJsonField, codec: jsonEventCodec, ordered: false, ...more });
}

function smallThenLarge(below: number, times: number, above = 10_000): CompiledPattern<JsonEvent> {
  const pattern: Pattern<JsonCondition> = {
    steps: [
      { name: 'small', contiguity: 'start', where: { field: 'amount', op: 'lt', value: below }, quantifier: { min: times, max: times, optional: false, greedy: false, inner: 'consecutive' } },
      { name: 'large', contiguity: 'followedBy', where: { field: 'amount', op: 'gt', value: above } },
    ],
    within: { ms: withinMs, type: 'first-last' },
  };
  return compilePattern(mapConditions(pattern, (condition) => compileJsonCondition(condition, readJsonField)), { strategy: 'skipPastLastEvent' });
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
