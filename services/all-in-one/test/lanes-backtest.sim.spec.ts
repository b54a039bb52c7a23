import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import { forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { frontBatches } from '../src/backtest/front-batch';
import { LabelBook } from '../src/backtest/label-book';
import { mergedBatches } from '../src/backtest/lanes-merge';
import { surveyLog } from '../src/backtest/log-survey';
import { buildFollowedStages, withSet } from '../src/replay/followed-stages';
import { laneReader } from '../src/replay/lane-reader';
import { setChecks } from '../src/set-checks';
import { noFiles, NoModels, TestLanes } from './lanes-kit';

/** A changed set over several lanes lists for itself: what it lists in one lane holds in the others, and what was listed then does not. */

const lanes = 3, eventsCount = 60;

const setOf = (from: number, more: readonly Record<string, unknown>[] = []): DefinitionSet => resolveSet(documentsFromJson([
  { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', partition_by: 'card', decide: true, fields: { transaction_id: 'string!', card_id: 'string', merchant_id: 'string', amount: 'money!' } },
  { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Entity', name: 'merchant', key: 'merchant_id' },
  { kind: 'FeatureView', name: 'merchants', entity: 'merchant', source: 'transactions', features: [{ name: 'n', agg: 'count', windows: ['1h'] }] },
  { kind: 'List', name: 'merchants', of: 'merchant_id', effect: 'watch', ttl: '2s' }, { kind: 'List', name: 'chained', of: 'merchant_id', effect: 'block' },
  { kind: 'Rule', name: 'large', when: `tx.amount > ${from}`, then: [{ add_to_list: { list: 'merchants', value: 'tx.merchant_id' } }] },
  { kind: 'Rule', name: 'watched', when: 'tx.merchant_id in lists.merchants && tx.amount > 300', weight: 0.2, then: [{ add_to_list: { list: 'chained', value: 'tx.merchant_id', ttl: '700ms' } }] }, ...more,
]), undefined, { checks: setChecks });

interface Event { readonly json: string; readonly atMs: number; readonly crash: boolean; readonly removed: string | undefined }

function eventsOf(random: SeededRandom): Event[] {
  let atMs = Date.UTC(2026, 0, 5);
  return Array.from({ length: eventsCount }, (_, at) => {
    atMs += random.int(1, 400);
    return {
      json: JSON.stringify({ transaction_id: `t-${at}`, event_time: atMs, card_id: `c-${random.int(0, 20)}`, merchant_id: `m-${random.int(0, 4)}`, amount: random.int(0, 1_000) }), atMs,
      crash: random.chance(0.04), removed: random.chance(0.05) ? `m-${random.int(0, 4)}` : undefined,
    };
  });
}

/** Every event is decided, and what it lists is in the other lanes, before the next one comes. */
async function live(set: DefinitionSet, events: readonly Event[], random: SeededRandom): Promise<TestLanes> {
  const world = new TestLanes(lanes, random);
  await world.append(set, { kind: 'definitions', setId: set.id, json: set.canonicalJson });
  await world.start();
  for (const { json, atMs, crash, removed } of events) {
    world.clock.atMs = atMs;
    if (removed !== undefined) await world.append(set, { kind: 'list', changes: [{ op: 'remove', list: 'merchants', value: removed, by: 'somebody' }] });
    await world.append(set, { kind: 'event', source: 'transactions', json, receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });
    await world.settle();
    if (crash) { await world.kill(); await world.start(); }
    await world.settle();
  }
  await world.kill();
  return world;
}

type Told = Readonly<Record<string, readonly unknown[]>>;
const toldOf = (verdict: { readonly transaction_id: string; readonly outcome: string; readonly rules: readonly string[]; readonly lists: readonly string[]; readonly list_changes: readonly unknown[] }): [string, unknown[]] =>
  [verdict.transaction_id, [verdict.outcome, verdict.rules, [...verdict.lists].sort(), verdict.list_changes]];
const liveOf = (world: TestLanes): Told => Object.fromEntries([...world.rows.values()].map(({ json }) => toldOf(JSON.parse(json) as Parameters<typeof toldOf>[0]))); // as decisionRow wrote them

async function backtested(world: TestLanes, changed: DefinitionSet): Promise<Told> {
  const read = laneReader(world.log), replaceWith = { setId: changed.id, json: changed.canonicalJson };
  const runs = await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    const { next } = await world.log.bounds('transactions.raw', lane), { told } = await surveyLog(world.log, { lane, endOffset: next }, new LabelBook());
    const stages = buildFollowedStages({ lane, lanes, replaceWith, read, stored: world.storedOf(lane), runtime: new NoModels(), loadFile: noFiles });
    const records = (await read(lane, 0, next)).map((record) => withSet(record, replaceWith));
    return { front: frontBatches({ ingest: stages.ingest, stages: stages.stages.slice(0, -1) }, records), scoring: stages.scoring, told: new Set(told) };
  }));
  const found: [string, unknown[]][] = [];
  for await (const { outcomes } of mergedBatches(runs, { substitutes: true })) {
    for (const outcome of outcomes) if (outcome.kind === 'event' && outcome.verdict !== undefined) found.push(toldOf(outcome.verdict));
  }
  return Object.fromEntries(found);
}

it('decides as it would have live, in every lane, whatever was listed then, with crashes', async () => {
  await forSeedsAsync(2, async (random) => {
    const events = eventsOf(random), were = setOf(500), changed = setOf(800, [{ kind: 'Rule', name: 'small', when: 'tx.amount < 60', then: [{ add_to_list: { list: 'chained', value: 'tx.merchant_id', ttl: '1s' } }] }]);
    const before = await live(were, events, random), after = await live(changed, events.map((event) => ({ ...event, crash: false })), random);
    expect(await backtested(before, changed)).toEqual(liveOf(after));
    expect(await backtested(before, were)).toEqual(liveOf(before));
    expect(liveOf(after)).not.toEqual(liveOf(before));
    expect(Object.keys(liveOf(before)).length).toBe(eventsCount);
  });
});
