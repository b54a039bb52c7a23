import type { RawBody } from '@weir/contracts';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { DecisionProto, encodeRawBody, numberRecords, originOffset, runOffline, toRawBody, Tokeniser, type DecisionLayouts } from '@weir/pipeline';
import type { EventLog, NewRecord } from '@weir/ports';
import { verdictJson } from '@weir/rules';
import type { SeededRandom } from '@weir/testkit';
import { buildStages } from '../src/chain';
import { definitionSet, definitionsWith } from './suite-fixture';

export const set = definitionSet();
/** The same with another limit, for a change on the way. */
export const changedSet = definitionSet(definitionsWith(['tx.amount > 90000, weight: 0.35', 'tx.amount > 50000, weight: 0.4']));
/** The same, where 50 records may wait, and callers do not. */
export const laggingText = definitionsWith(['max_lag: 1000000', 'max_lag: 50'], ['deadline: 60s', 'deadline: 100ms']);
const laggingSet = definitionSet(laggingText, set);
const tokeniser = new Tokeniser(Buffer.from('00112233445566778899aabbccddeeff', 'hex'));

const definitionsOf = (of: typeof set): RawBody => ({ kind: 'definitions', setId: of.id, json: of.canonicalJson });

/** Out of order, repeated, late, broken and unwhole, over few cards, with everything else a lane may hold between them. */
export function eventRows(random: SeededRandom, count: number): Array<Record<string, unknown>> {
  const rows: Array<Record<string, unknown>> = [];
  let nowMs = Date.UTC(2026, 0, 5);
  for (let index = 0; index < count; index += 1) {
    nowMs += Math.floor(random.exponential(4_000));
    if (random.chance(0.05) && rows.length > 0) { rows.push(random.pick(rows.slice(-50))); continue; }
    rows.push({
      transaction_id: `t-${index}`, event_time: nowMs - (random.chance(0.1) ? random.int(0, 120_000) : 0) - (random.chance(0.01) ? 72 * 3_600_000 : 0), _received_at: nowMs, card_id: `card-${random.int(0, 20)}`,
      merchant_id: random.chance(0.05) ? null : `m-${random.int(0, 12)}`, status: random.chance(0.02) ? 'half \ud800 pair' : null, amount: random.chance(0.01) ? 'broken' : random.chance(0.3) ? random.int(1, 999) : random.chance(0.15) ? random.int(90_001, 200_000) : random.int(1_000, 90_000),
    });
  }
  return rows;
}

/** The lane's records: the set, the events, and between them lists, ticks, labels and another set. */
export function laneBodies(random: SeededRandom, count: number): RawBody[] {
  const bodies: RawBody[] = [definitionsOf(set)];
  for (const row of eventRows(random, count)) {
    if (random.chance(0.02)) bodies.push({ kind: 'list', changes: [random.chance(0.5) ? { op: 'put', list: 'blocked_cards', value: 'x', fromMs: null, untilMs: null, by: 'test', reason: '' } : { op: 'remove', list: 'blocked_cards', value: 'x', by: 'test' }] });
    if (random.chance(0.02)) bodies.push({ kind: 'tick' });
    if (random.chance(0.005)) bodies.push(definitionsOf(random.pick([set, changedSet])));
    const result = toRawBody(JSON.stringify(row), { sources: set.sources, defaultSource: 'transactions', mayReplay: true, tokeniser, idempotency: undefined, replyTo: random.chance(0.5) ? 'here' : undefined });
    const tokenised = result.kind === 'body' ? result.body : result.standIn, body = random.chance(0.1) ? { ...tokenised, backlog: random.int(900_000, 1_100_000) } : tokenised;
    bodies.push(random.chance(0.1) ? { ...body, traceparent: `00-${'a'.repeat(32)}-${String(bodies.length).padStart(16, '1')}-0${random.int(0, 1)}` } : body);
  }
  return bodies;
}

export const laneRecords = (bodies: readonly RawBody[]): NewRecord[] => bodies.map((body) => encodeRawBody(body));

const layouts: DecisionLayouts = (id, source) => [set, changedSet, laggingSet].find((each) => each.id === id)?.layoutBySource.get(source);

/** Verdicts of a lane as the topic holds them, by origin; fails where an origin comes twice. */
export async function topicVerdicts(log: EventLog, lane = 0): Promise<Map<number, string>> {
  const proto = new DecisionProto(), verdicts = new Map<number, string>();
  const { next } = await log.bounds('decisions', lane);
  for (let at = 0; at < next; ) {
    const records = await log.read('decisions', lane, at, 10_000);
    if (records.length === 0) break;
    for (const record of records) {
      const origin = originOffset(record), decision = proto.decode(record.value, layouts);
      if (decision === undefined) throw new Error(`a decision of an unknown set at ${origin}`);
      if (verdicts.has(origin)) throw new Error(`${origin} is decided twice`);
      verdicts.set(origin, verdictJson(decision.verdict));
    }
    at = (records.at(-1)?.offset ?? at) + 1;
  }
  return verdicts;
}

/** Nothing, or the first origin where two runs differ, in few words. */
export function firstDifference(ours: ReadonlyMap<number, string>, theirs: ReadonlyMap<number, string>): string | undefined {
  for (const origin of [...new Set([...ours.keys(), ...theirs.keys()])].sort((a, b) => a - b)) {
    if (ours.get(origin) !== theirs.get(origin)) return `at ${origin}:\n${ours.get(origin) ?? 'nothing'}\n${theirs.get(origin) ?? 'nothing'}`;
  }
  return undefined;
}

/** The verdicts of the same lane offline. */
export async function offlineVerdicts(bodies: readonly RawBody[], controlAtMs: number): Promise<Map<number, string>> {
  const stages = buildStages({ lane: 0, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model')) });
  const verdicts = new Map<number, string>();
  for await (const { outcomes } of runOffline(stages, numberRecords(bodies, { controlAtMs }))) {
    for (const outcome of outcomes) if (outcome.kind === 'event' && outcome.verdict !== undefined) verdicts.set(outcome.offset, verdictJson(outcome.verdict));
  }
  return verdicts;
}
