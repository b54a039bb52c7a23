import { MemoryEventLog, MemoryOnlineStore } from '@weir/adapters/memory';
import { decisionId, type Outcome, type RawBody, type RawRecord } from '@weir/contracts';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import { decodeRawRecord, encodeRawBody, LaneRunner, type Sink } from '@weir/pipeline';
import { Clock, ModelRuntime, type LoadedModel } from '@weir/ports';
import { simulate } from '@weir/simulator';
import { LabelBook } from '../src/backtest/label-book';
import { surveyLog } from '../src/backtest/log-survey';
import { LocalSide } from '../src/backtest/local-side';
import type { BacktestReport } from '../src/backtest/report';
import { runBacktest } from '../src/backtest/run-backtest';
import { runVerify } from '../src/backtest/run-verify';
import { storedText } from '../src/backtest/stored-rows';
import { sidesApart } from '../src/backtest/thread-pair';
import { buildStages, type Stages } from '../src/chain';
import { setChecks } from '../src/set-checks';
import { decisionRow } from '../src/suite/decision-rows';

/** The same definitions over the same events count the same: live with a crash in the middle, as shadow rules, and in a back-test. */

type Document = Readonly<Record<string, unknown>>;

const base: readonly Document[] = [
  {
    kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true,
    fields: { transaction_id: 'string!', card_id: 'string!', amount: 'money!', terminal_id: 'string', device_id: 'string', country: 'string', status: 'string' },
  },
  { kind: 'Entity', name: 'card', key: 'card_id' },
  { kind: 'Entity', name: 'device', key: 'device_id' },
  {
    kind: 'FeatureView', name: 'card_use', entity: 'card', source: 'transactions',
    features: [{ name: 'uses', agg: 'count', windows: ['10m', '24h'] }, { name: 'spend', agg: 'sum', of: 'amount', windows: ['24h'] }, { name: 'usual', agg: 'avg', of: 'amount', windows: ['30d'] }, { name: 'idle', agg: 'since_last' }],
  },
  { kind: 'FeatureView', name: 'device_use', entity: 'device', source: 'transactions', features: [{ name: 'cards', agg: 'distinct', of: 'card_id', windows: ['24h'] }] },
  { kind: 'List', name: 'watched_devices', of: 'device_id', effect: 'watch', ttl: '2d' },
  { kind: 'List', name: 'blocked_cards', of: 'card_id', effect: 'block', ttl: '6h' },
];
const pattern: Document = { kind: 'Pattern', name: 'small_then_more', key: 'card', within: '12h', weight: 0.2, reason: 'A small payment, then a larger one', pattern: [{ name: 'small', where: 'tx.amount < 1500' }, { name: 'more', followed_by: true, where: 'tx.amount > 6000' }] };
const rules: readonly Document[] = [
  { name: 'large', when: 'tx.amount > 12000', weight: 0.3 },
  { name: 'often', when: 'features.uses_10m > 1', weight: 0.4, then: [{ add_to_list: { list: 'blocked_cards', value: 'tx.card_id', ttl: '3h' } }] },
  { name: 'often_in_a_day', when: 'features.uses_24h >= 6', weight: 0.15 },
  { name: 'spent_much', when: 'features.spend_24h > 30000', weight: 0.25, outcome: 'review' },
  { name: 'above_usual', when: 'tx.amount > 2 * features.usual_30d', weight: 0.2 },
  { name: 'after_a_pause', when: 'features.idle > 86400.0 && tx.amount > 5000', weight: 0.05 },
  { name: 'shared_device', when: 'features.cards_24h >= 2', weight: 0.5, then: [{ add_to_list: { list: 'watched_devices', value: 'tx.device_id' } }] },
  { name: 'declined', when: 'tx.status == "declined"', weight: 0.1 },
  { name: 'from_a_watched_device', when: 'tx.device_id in lists.watched_devices && tx.amount > 1000', weight: 0.35 },
  { name: 'of_a_blocked_card', when: 'tx.card_id in lists.blocked_cards', weight: 0.1, outcome: 'block' },
  { name: 'matched', when: 'matches.small_then_more && features.uses_24h > 1', weight: 0.15 },
  { name: 'round', when: 'tx.amount % 100 == 0', weight: 0.02 },
].map((rule) => ({ kind: 'Rule', ...rule }));

const withoutActions = ({ then: _then, ...document }: Record<string, unknown>): Document => document;
const shadowed = [...rules, pattern].map((document): Document => ({ ...withoutActions(document), name: `shadow_${String(document['name'])}`, mode: 'shadow', weight: 0, outcome: 'none' }));
const setOf = (...documents: readonly Document[]): DefinitionSet => resolveSet(documentsFromJson([...base, pattern, ...documents]), undefined, { checks: setChecks });

class SetClock extends Clock {
  atMs = 0;
  override nowMs(): number { return this.atMs; }
}
class NoModels extends ModelRuntime {
  override load(): Promise<LoadedModel> { return Promise.reject(new Error('this set has no models')); }
}
const stagesOf = (): Stages => buildStages({ lane: 0, runtime: new NoModels(), loadFile: () => Promise.reject(new Error('this set has no models')) });

interface World { readonly log: MemoryEventLog; readonly clock: SetClock; readonly rows: Map<number, string> }

/** A log as a suite would have it: the set, events of a few days (some twice, some broken), list changes by hand, ticks, labels. */
async function worldOf(set: DefinitionSet, seed: string): Promise<World> {
  const clock = new SetClock();
  const log = new MemoryEventLog({ clock });
  const append = async (body: RawBody): Promise<void> => { await log.append('transactions.raw', 0, [encodeRawBody(body)]); };
  await append({ kind: 'definitions', setId: set.id, json: set.canonicalJson });
  let count = 0;
  for (const { event, fraud } of simulate({ days: 12, customers: 90, terminals: 60, seed })) {
    clock.atMs = Math.max(clock.atMs, event.event_time + 200);
    count += 1;
    const json = JSON.stringify({ ...event, amount: count % 97 === 0 ? 'much' : event.amount, device_id: `device-${Number(event.device_id.slice(-3)) % 80}` });
    const body: RawBody = { kind: 'event', source: 'transactions', json, receivedAtMs: undefined, idempotency: undefined, replyTo: 'here' };
    await append(body);
    if (count % 53 === 0) await append(body);
    if (count % 101 === 0) await append({ kind: 'list', changes: [{ op: 'put', list: 'blocked_cards', value: event.card_id, fromMs: null, untilMs: clock.atMs + 3_600_000, by: 'hand', reason: '' }] });
    if (count % 211 === 0) await append({ kind: 'tick' });
    if (count % 3 === 0) {
      const label = { label_id: `${event.transaction_id}|1`, transaction_id: event.transaction_id, fraud: fraud === 1, by: 'desk', at: clock.atMs, source: 'desk' };
      await append({ kind: 'event', source: 'labels', json: JSON.stringify(label), receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });
    }
  }
  return { log, clock, rows: new Map() };
}

/** Keeps the first of each origin, as decision stores do. */
const sinkInto = (rows: Map<number, string>): Sink => ({
  name: 'decisions',
  write: (batches) => {
    for (const { outcomes } of batches) {
      for (const item of outcomes) {
        if (item.kind !== 'event' || item.verdict === undefined || rows.has(item.offset)) continue;
        rows.set(item.offset, decisionRow(item, { verdict: item.verdict, meta: { decided_at: 0, latency_ms: {}, trace_id: null } }, []).json);
      }
    }
    return Promise.resolve();
  },
});

/** Runs the lane live; the process is gone after each of the offsets, with what it had in memory, and another one takes over. */
async function runLive(world: World, { crashesAt, batchMax }: { readonly crashesAt: readonly number[]; readonly batchMax: number }): Promise<void> {
  const store = new MemoryOnlineStore();
  const { next } = await world.log.bounds('transactions.raw', 0);
  for (const until of [...crashesAt, next - 1]) {
    const runner = new LaneRunner({ lane: 0, log: world.log, store, chain: stagesOf(), sinks: [sinkInto(world.rows)], clock: world.clock, batchMax, checkpointRecords: 400, checkpointMs: 1e12, idleWaitMs: 1 });
    await runner.start();
    await runner.reached(until);
    await runner.stop({ checkpoint: false });
  }
}

interface Counts { readonly outcomes: Record<Outcome, number>; readonly fired: Record<string, number>; readonly unknown: Record<string, number> }

/** Of the stored decisions, read as a user would. */
function storedCounts(rows: ReadonlyMap<number, string>): Counts {
  const counts: Counts = { outcomes: { approve: 0, review: 0, block: 0 }, fired: {}, unknown: {} };
  for (const json of rows.values()) {
    const decision = JSON.parse(json) as { outcome: Outcome; rules: string[]; patterns: string[]; shadow: string[]; unknown: string[] };
    counts.outcomes[decision.outcome] += 1;
    for (const name of [...decision.rules, ...decision.patterns, ...decision.shadow]) counts.fired[name] = (counts.fired[name] ?? 0) + 1;
    for (const name of decision.unknown) counts.unknown[name] = (counts.unknown[name] ?? 0) + 1;
  }
  return counts;
}

/** Of a side of a report, the same form. */
function reportCounts(report: BacktestReport, side: 'before' | 'after'): Counts {
  const named = (of: 'fired' | 'unknown'): Record<string, number> => Object.fromEntries(report.rules.flatMap((rule) => (rule[side][of] > 0 ? [[rule.rule, rule[side][of]]] : [])));
  return { outcomes: { ...report[side] } as Counts['outcomes'], fired: named('fired'), unknown: named('unknown') };
}

async function recordsOf({ log }: World): Promise<RawRecord[]> {
  return (await log.read('transactions.raw', 0, 0, 1_000_000)).map((record) => decodeRawRecord(0, record));
}

const everything = { fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: 'country' };

const readFrom = (rows: ReadonlyMap<number, string>) => (offsets: readonly number[]) => Promise.resolve(offsets.map((offset) => { const json = rows.get(offset); return json === undefined ? undefined : storedText(json); }));

async function backtest(world: World, changed: DefinitionSet): Promise<BacktestReport> {
  const records = await recordsOf(world), labels = new LabelBook();
  await surveyLog(world.log, { lane: 0, endOffset: records.length }, labels);
  const stored = { throughOffset: records.length, read: readFrom(world.rows) };
  return runBacktest({
    changed, ...everything,
    lanes: [{ way: 'apart', open: () => sidesApart(
      new LocalSide({ ...everything, stages: stagesOf(), records, labels, stored }),
      new LocalSide({ ...everything, stages: stagesOf(), records, labels, replaceWith: { setId: changed.id, json: changed.canonicalJson } }),
    ) }],
  });
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);

describe.each(['parity-1', 'parity-2'])('the definitions over the events of seed %s', (seed) => {
  const set = setOf(...rules);
  let world: World, live: Counts;
  beforeAll(async () => {
    world = await worldOf(set, seed);
    const { next } = await world.log.bounds('transactions.raw', 0);
    await runLive(world, { crashesAt: [Math.floor(next / 3), Math.floor(next / 2)], batchMax: 97 });
    live = storedCounts(world.rows);
  });

  it('make every rule, both lists and the pattern speak, so that the comparison says something', () => {
    expect(world.rows.size).toBeGreaterThan(2_000);
    const silent = [...rules, pattern].filter(({ name }) => (live.fired[String(name)] ?? 0) === 0).map(({ name }) => name);
    expect(silent).toEqual([]);
    expect(Math.min(...Object.values(live.outcomes))).toBeGreaterThan(0);
  });

  it('count the same in a back-test, and every decision is the stored one byte for byte', async () => {
    const report = await backtest(world, set);
    expect(reportCounts(report, 'before')).toEqual(live);
    expect(reportCounts(report, 'after')).toEqual(live);
    expect(report.sets.unchanged).toBe(true);
    expect(report.parity).toMatchObject({ compared: world.rows.size, same: world.rows.size, different: 0, not_stored: 0, degraded: 0, counts_equal: true, mismatches: [] });
    expect(report.examples).toEqual([]);
    expect(report.labelled.fraud + report.labelled.genuine).toBeGreaterThan(500);
  });

  it('count the same as shadow rules beside the live ones', async () => {
    const beside = setOf(...rules, ...shadowed);
    const shadowWorld = await worldOf(beside, seed);
    await runLive(shadowWorld, { crashesAt: [700], batchMax: 256 });
    const counts = storedCounts(shadowWorld.rows);
    expect(counts.outcomes).toEqual(live.outcomes);
    for (const { name } of [...rules, pattern]) expect([name, counts.fired[`shadow_${String(name)}`]]).toEqual([name, live.fired[String(name)]]);
  });

  it('count what a live run of a changed set counts, where the log had the set that was changed', async () => {
    const changed = setOf(...rules.map((rule) => (rule['name'] === 'large' ? { ...rule, when: 'tx.amount > 7000', weight: 0.6 } : rule)));
    const report = await backtest(world, changed);
    const changedWorld = await worldOf(changed, seed);
    await runLive(changedWorld, { crashesAt: [], batchMax: 500 });
    expect(reportCounts(report, 'before')).toEqual(live);
    expect(reportCounts(report, 'after')).toEqual(storedCounts(changedWorld.rows));
    expect(report.examples.length).toBeGreaterThan(0);
    for (const { before, after } of report.examples) expect(before.outcome).not.toBe(after.outcome);
    for (const groups of [report.weeks, report.segments]) {
      expect(groups.length).toBeGreaterThan(1);
      expect(groups.reduce((total, group) => total + sum(group.after), 0)).toBe(report.decisions);
    }
  });

  it('show a stored decision that was altered, with the part that differs, and one that is gone', async () => {
    const rows = new Map(world.rows);
    const [first = 0, second = 0] = [...rows.keys()].slice(40);
    rows.set(first, (rows.get(first) ?? '').replace(/"uses_24h":\d+/, '"uses_24h":99'));
    rows.delete(second);
    const records = await recordsOf(world);
    const report = await runVerify({
      lanes: [() => new LocalSide({ ...everything, stages: stagesOf(), records, labels: new LabelBook(), stored: { throughOffset: records.length, read: readFrom(rows) } })],
    });
    expect(report).toMatchObject({ compared: world.rows.size, same: world.rows.size - 2, different: 1, not_stored: 1, counts_equal: false });
    expect(report.mismatches).toEqual([
      { offset: first, id: decisionId({ lane: 0, offset: first }), kind: 'different', reasons: [expect.stringMatching(/^features\.uses_24h: stored 99, replayed \d+$/)] },
      { offset: second, id: decisionId({ lane: 0, offset: second }), kind: 'not stored', reasons: [expect.any(String)] },
    ]);
  });
});
