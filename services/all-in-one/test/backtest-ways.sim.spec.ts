import type { RawBody } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { Chain } from '@weir/pipeline';
import type { Stages } from '../src/chain';
import { LabelBook } from '../src/backtest/label-book';
import { frontBatches, type FrontBatch } from '../src/backtest/front-batch';
import { ItemUnpacker, packItems } from '../src/backtest/item-pack';
import { surveyLog } from '../src/backtest/log-survey';
import { recordedBatches } from '../src/backtest/recorded-front';
import type { BacktestReport } from '../src/backtest/report';
import { SharedSides } from '../src/backtest/shared-sides';
import { packStored, type ReadPack } from '../src/backtest/stored-rows';
import type { Way } from '../src/backtest/thread-pair';
import { wayOfLog } from '../src/backtest/way-of';
import { verdictLine, verdictLineOf } from '../src/suite/verdict-lines';
import { backtest, base, everything, pattern, report, rules, runLive, setOf, stagesOf, worldOf, type Document, type World } from './parity-world';

/** However a back-test is run, its report is that of running every stage twice. */

const edited = (name: string, change: Document): DefinitionSet => setOf(...rules.map((rule) => (rule['name'] === name ? { ...rule, ...change } : rule)));
const replacing = (document: Document): DefinitionSet => setOf(...rules, document);
const listOf = (name: string): Document => base.find((document) => document['name'] === name) ?? {};
const commonOf = ({ ingest, features }: Stages): Chain => ({ ingest, stages: [features] });
const features = base.find(({ kind }) => kind === 'FeatureView') ?? {};

const live = setOf(...rules), later = edited('round', { weight: 0.4, mode: 'live', outcome: 'review' });
/** What people do while a suite runs: another set, a rule silenced, an entry taken off. */
const halfway: readonly RawBody[] = [
  { kind: 'definitions', setId: later.id, json: later.canonicalJson },
  { kind: 'list', changes: [{ op: 'snooze', rule: 'large', entity: 'card', key: 'none of these', untilMs: 9e12, by: 'hand' }, { op: 'put', list: 'watched_devices', value: 'device-7', fromMs: null, untilMs: null, by: 'hand', reason: '' }] },
];

describe('a back-test', () => {
  let world: World;
  beforeAll(async () => {
    world = await worldOf(live, 'ways', halfway);
    await runLive(world, { crashesAt: [], batchMax: 512, sets: [live, later] });
  });

  /** As it travels between threads. */
  async function* packed(batches: AsyncGenerator<FrontBatch, void, undefined>): AsyncGenerator<FrontBatch, void, undefined> {
    const unpacker = new ItemUnpacker();
    for await (const { records, outcomes } of batches) yield { records, outcomes: unpacker.unpack(structuredClone(packItems(0, outcomes))) };
  }

  /** Stored decisions as a store gives them, in stretches. */
  const read: ReadPack = (fromOffset, rowsMax) => Promise.resolve(packStored(world.stored.filter(({ offset }) => offset >= fromOffset).slice(0, Math.min(rowsMax, 700))));

  async function run(changed: DefinitionSet, useRecords: boolean): Promise<{ readonly way: Way; readonly report: BacktestReport }> {
    const { next } = await world.log.bounds('transactions.raw', 0);
    const { controls } = await surveyLog(world.log, { lane: 0, endOffset: next }, new LabelBook());
    const way = wayOfLog(controls, changed, { useRecords, lanes: 1 }), throughOffset = next - 1;
    if (way.kind === 'apart') return { way, report: await backtest(world, changed) };
    return {
      way,
      report: await report(world, changed, way.kind, (records, labels) => new SharedSides({
        ...everything, labels, before: stagesOf(), after: stagesOf(), replaceWith: { setId: changed.id, json: changed.canonicalJson }, patterns: way.kind === 'recorded' ? 'recorded' : way.patterns,
        front: way.kind === 'recorded' ? recordedBatches({ lane: 0, read, throughOffset, controls: way.controls, batchMax: 700 }) : packed(frontBatches(commonOf(stagesOf()), records)),
        stored: way.kind === 'recorded' ? { throughOffset, read: () => Promise.resolve([]) } : undefined,
      })),
    };
  }

  it('finds in packed decisions what their text says', () => {
    expect(world.stored.length).toBe(world.rows.size);
    for (const row of world.stored) expect(verdictLineOf(row)).toBe(verdictLine(row.json));
  });

  const figures = ({ ways: _ways, took_ms: _took, refused: _refused, parity: _parity, ...rest }: BacktestReport): Partial<BacktestReport> => rest;

  it.each([
    ['a rule', edited('large', { when: 'tx.amount > 7000', weight: 0.6 }), 'recorded'],
    ['a rule that reads features', edited('spent_much', { when: 'features.spend_24h > 15000 && features.usual_30d < 4000', outcome: 'block' }), 'recorded'],
    ['what a rule lists', edited('often_in_a_day', { then: [{ add_to_list: { list: 'blocked_cards', value: 'tx.card_id', ttl: '20m' } }] }), 'recorded'],
    ['a list', replacing({ ...listOf('blocked_cards'), effect: 'watch' }), 'recorded'],
    ['the policy', replacing({ kind: 'Policy', name: 'strict', bands: { review: 0.1, block: 0.4 } }), 'recorded'],
    ['how far behind a lane may be', replacing({ kind: 'Policy', name: 'strict', bands: { review: 0.1 }, max_lag: 1_000 }), 'both'],
    ['what a pattern is worth', replacing({ ...pattern, weight: 0.8, outcome: 'review' }), 'recorded'],
    ['what a pattern matches', replacing({ ...pattern, within: '2h' }), 'each'],
    ['a feature', replacing({ ...features, features: [...(features['features'] as readonly Document[]), { name: 'largest', agg: 'max', of: 'amount', windows: ['7d'] }] }), 'apart'],
    ['a source', replacing({ ...(base[0] ?? {}), late: { out_of_orderness: '1h' } }), 'apart'],
  ] as const)('of a change of %s gives the figures of running every stage twice', async (_, changed, expected) => {
    const whole = await backtest(world, changed);
    const quick = await run(changed, true);
    expect(quick.way.kind === 'shared' ? quick.way.patterns : quick.way.kind).toBe(expected);
    expect(figures(quick.report)).toEqual({ ...figures(whole), ...(expected === 'recorded' ? { patterns: null } : {}) });
    if (expected !== 'recorded') return;
    expect(quick.report.parity).toMatchObject({ compared: world.rows.size, same: world.rows.size, different: 0, not_stored: 0, counts_equal: true });
    const shared = await run(changed, false);
    expect(shared.way).toEqual({ kind: 'shared', patterns: 'both' });
    expect(figures(shared.report)).toEqual(figures(whole));
  });
});
