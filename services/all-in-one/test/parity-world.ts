/** A lane as a suite would have it, and runs of it: what the specs of parity share. */
import { MemoryEventLog, MemoryOnlineStore } from '@weir/adapters/memory';
import type { Outcome, RawBody, RawRecord } from '@weir/contracts';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import { decodeRawRecord, encodeRawBody, LaneRunner, type Sink, type TakenBatch } from '@weir/pipeline';
import { Clock, ModelRuntime, type DecisionRow, type LoadedModel } from '@weir/ports';
import { simulate } from '@weir/simulator';
import { LabelBook } from '../src/backtest/label-book';
import { surveyLog } from '../src/backtest/log-survey';
import { LocalSide } from '../src/backtest/local-side';
import type { BacktestReport } from '../src/backtest/report';
import { runBacktest } from '../src/backtest/run-backtest';
import { storedText } from '../src/backtest/stored-rows';
import type { SidePair } from '../src/backtest/shared-sides';
import { sidesApart, type Way } from '../src/backtest/thread-pair';
import { buildStages, type Stages } from '../src/chain';
import { setChecks } from '../src/set-checks';
import { DecisionPacker, decisionRow } from '../src/suite/decision-rows';

export type Document = Readonly<Record<string, unknown>>;

export const base: readonly Document[] = [
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
export const pattern: Document = { kind: 'Pattern', name: 'small_then_more', key: 'card', within: '12h', weight: 0.2, reason: 'A small payment, then a larger one', pattern: [{ name: 'small', where: 'tx.amount < 1500' }, { name: 'more', followed_by: true, where: 'tx.amount > 6000' }] };
export const rules: readonly Document[] = [
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
export const shadowed = [...rules, pattern].map((document): Document => ({ ...withoutActions(document), name: `shadow_${String(document['name'])}`, mode: 'shadow', weight: 0, outcome: 'none' }));
/** Documents of a name take the place of those before. */
export const setOf = (...documents: readonly Document[]): DefinitionSet => resolveSet(documentsFromJson([...new Map([...base, pattern, ...documents].map((document) => [`${String(document['kind'])}/${String(document['name'])}`, document])).values()]), undefined, { checks: setChecks });

class SetClock extends Clock {
  atMs = 0;
  override nowMs(): number { return this.atMs; }
}
class NoModels extends ModelRuntime {
  override load(): Promise<LoadedModel> { return Promise.reject(new Error('this set has no models')); }
}
export const stagesOf = (): Stages => buildStages({ lane: 0, runtime: new NoModels(), loadFile: () => Promise.reject(new Error('this set has no models')) });

export interface World { readonly log: MemoryEventLog; readonly clock: SetClock; readonly rows: Map<number, string>; /** The same as a store has them, packed. */ readonly stored: DecisionRow[] }

/** Events before what happens halfway. */
const halfwayCount = 1_000;

/** A log as a suite would have it: the set, events of a few days (some twice, some broken), list changes by hand, ticks, labels. */
export async function worldOf(set: DefinitionSet, seed: string, halfway: readonly RawBody[] = []): Promise<World> {
  const clock = new SetClock();
  const log = new MemoryEventLog({ clock });
  const append = async (body: RawBody): Promise<void> => { await log.append('transactions.raw', 0, [encodeRawBody(body)]); };
  await append({ kind: 'definitions', setId: set.id, json: set.canonicalJson });
  let count = 0;
  for (const { event, fraud } of simulate({ days: 12, customers: 90, terminals: 60, seed })) {
    clock.atMs = Math.max(clock.atMs, event.event_time + 200);
    count += 1;
    if (count === halfwayCount) for (const body of halfway) await append(body);
    const json = JSON.stringify({ ...event, amount: count % 97 === 0 ? 'much' : event.amount, device_id: `device-${Number(event.device_id.slice(-3)) % 80}` });
    const body: RawBody = { kind: 'event', source: 'transactions', json, receivedAtMs: undefined, idempotency: undefined, replyTo: 'here', ...(count % 17 === 0 ? { backlog: count } : {}) };
    await append(body);
    if (count % 53 === 0) await append(body);
    if (count % 101 === 0) await append({ kind: 'list', changes: [{ op: 'put', list: 'blocked_cards', value: event.card_id, fromMs: null, untilMs: clock.atMs + 3_600_000, by: 'hand', reason: '' }] });
    if (count % 211 === 0) await append({ kind: 'tick' });
    if (count % 3 === 0) {
      const label = { label_id: `${event.transaction_id}|1`, transaction_id: event.transaction_id, fraud: fraud === 1, by: 'desk', at: clock.atMs, source: 'desk' };
      await append({ kind: 'event', source: 'labels', json: JSON.stringify(label), receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });
    }
  }
  return { log, clock, rows: new Map(), stored: [] };
}

/** Keeps the first of each origin, as decision stores do. */
const sinkInto = ({ rows, stored }: World, packers: ReadonlyMap<string, DecisionPacker>): Sink<TakenBatch> => ({
  name: 'decisions',
  take: (batch) => batch,
  write: (batches) => {
    for (const { outcomes } of batches) {
      for (const item of outcomes) {
        if (item.kind !== 'event' || item.verdict === undefined || rows.has(item.offset)) continue;
        const row = decisionRow(item, { verdict: item.verdict, meta: { decided_at: 0, latency_ms: {}, trace_id: null } }, [], packers.get(item.verdict.set));
        rows.set(item.offset, row.json);
        stored.push(row);
      }
    }
    return Promise.resolve();
  },
});

/** Runs the lane live; the process is gone after each of the offsets, with what it had in memory, and another one takes over. */
export async function runLive(world: World, { crashesAt, batchMax, sets = [] }: { readonly crashesAt: readonly number[]; readonly batchMax: number; readonly sets?: readonly DefinitionSet[] }): Promise<void> {
  const packers = new Map(sets.map((set) => [set.id, new DecisionPacker(set)]));
  const store = new MemoryOnlineStore();
  const { next } = await world.log.bounds('transactions.raw', 0);
  for (const until of [...crashesAt, next - 1]) {
    const runner = new LaneRunner({ lane: 0, log: world.log, store, chain: stagesOf(), sinks: [sinkInto(world, packers)], clock: world.clock, batchMax, checkpointRecords: 400, checkpointMs: 1e12, idleWaitMs: 1 });
    await runner.start();
    await runner.reached(until);
    await runner.stop({ checkpoint: false });
  }
}

export interface Counts { readonly outcomes: Record<Outcome, number>; readonly fired: Record<string, number>; readonly unknown: Record<string, number> }

/** Of the stored decisions, read as a user would. */
export function storedCounts(rows: ReadonlyMap<number, string>): Counts {
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
export function reportCounts(report: BacktestReport, side: 'before' | 'after'): Counts {
  const named = (of: 'fired' | 'unknown'): Record<string, number> => Object.fromEntries(report.rules.flatMap((rule) => (rule[side][of] > 0 ? [[rule.rule, rule[side][of]]] : [])));
  return { outcomes: { ...report[side] } as Counts['outcomes'], fired: named('fired'), unknown: named('unknown') };
}

export async function recordsOf({ log }: World): Promise<RawRecord[]> {
  return (await log.read('transactions.raw', 0, 0, 1_000_000)).map((record) => decodeRawRecord(0, record));
}

export const everything = { fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: 'country' };

export const readFrom = (rows: ReadonlyMap<number, string>) => (offsets: readonly number[]) => Promise.resolve(offsets.map((offset) => { const json = rows.get(offset); return json === undefined ? undefined : storedText(json); }));

/** Runs a back-test of a lane in this thread, however its two sides are run. */
export async function report(world: World, changed: DefinitionSet, way: Way['kind'], open: (records: readonly RawRecord[], labels: LabelBook) => SidePair): Promise<BacktestReport> {
  const records = await recordsOf(world), labels = new LabelBook();
  await surveyLog(world.log, { lane: 0, endOffset: records.length }, labels);
  return runBacktest({ changed, ...everything, lanes: [{ way, open: () => open(records, labels) }] });
}

export function backtest(world: World, changed: DefinitionSet): Promise<BacktestReport> {
  return report(world, changed, 'apart', (records, labels) => sidesApart(
    new LocalSide({ ...everything, stages: stagesOf(), records, labels, stored: { throughOffset: records.length, read: readFrom(world.rows) } }),
    new LocalSide({ ...everything, stages: stagesOf(), records, labels, replaceWith: { setId: changed.id, json: changed.canonicalJson } }),
  ));
}
