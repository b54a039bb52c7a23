import type { DefinitionSet } from '@weir/definitions';
import type { OnlineStore } from '@weir/ports';
import { forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { LabelBook } from '../src/backtest/label-book';
import { LocalSide } from '../src/backtest/local-side';
import { runVerify, type VerifyReport } from '../src/backtest/run-verify';
import { buildStages } from '../src/chain';
import { buildFollowedStages } from '../src/replay/followed-stages';
import { laneReader } from '../src/replay/lane-reader';
import { laneOf, partitionKeyOf } from '../src/suite/lane-choice';
import { distantStore, noFiles, NoModels, randomBodies, randomSet, TestLanes } from './lanes-kit';
import { listingSet } from './listing-set';

/** Several lanes read each other; what they read is recorded, and the logs by those positions give the same bytes. */

const everything = { fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: undefined };
const eventsCount = 700, killsMax = 4;

/** Decides random events live, lane beside lane, killed now and then; a second set comes midway, and its views are back-filled later. */
async function decideLive(random: SeededRandom, lanes: number, online?: OnlineStore): Promise<{ world: TestLanes; set: DefinitionSet }> {
  const world = new TestLanes(lanes, random, online), set = randomSet(random), second = randomSet(random);
  await world.append(set, { kind: 'definitions', setId: set.id, json: set.canonicalJson });
  await world.start();
  const bodies = randomBodies(random, eventsCount, world.clock.atMs), midway = random.int(150, 400);
  let kills = 0;
  for (const [index, body] of bodies.entries()) {
    if (index === midway) await world.append(set, { kind: 'definitions', setId: second.id, json: second.canonicalJson });
    if (index === midway + 100) await world.append(set, { kind: 'definitions', setId: second.id, json: second.canonicalJson, backfill: { id: 'b1', views: ['cards', 'merchants', 'visits'].map((view) => ({ view, fromMs: random.chance(0.5) ? null : world.clock.atMs, afterOffset: -1, sinceMs: null })) } });
    await world.append(set, body);
    if (random.chance(0.05)) await new Promise((resume) => { setImmediate(resume); });
    if (kills < killsMax && random.chance(0.007)) {
      kills += 1;
      await world.kill();
      await world.start();
    }
  }
  await world.settle();
  return { world, set };
}

const verify = (world: TestLanes, follow: boolean): Promise<VerifyReport> => runVerify({
  lanes: Array.from({ length: world.lanes }, (_, lane) => () => {
    const read = laneReader(world.log), stored = world.storedOf(lane);
    const stages = follow ? buildFollowedStages({ lane, lanes: world.lanes, read, stored, runtime: new NoModels(), loadFile: noFiles }) : buildStages({ lane, runtime: new NoModels(), loadFile: noFiles });
    const records = (async function* () { for (let from = 0; ; ) { const batch = await read(lane, from, 500); if (batch.length === 0) return; yield* batch; from += batch.length; } })();
    return new LocalSide({ ...everything, stages, records, labels: new LabelBook(), stored: { throughOffset: Infinity, read: stored } });
  }),
});

describe.each([1, 2, 8])('random definitions over disorderly events in %d lanes, with crashes and restarts', (lanes) => {
  it('are decided again to the same bytes by the recorded positions', async () => {
    await forSeedsAsync(lanes === 1 ? 1 : 2, async (random) => {
      const { world } = await decideLive(random, lanes);
      const report = await verify(world, true);
      expect(report.mismatches.slice(0, 3)).toEqual([]);
      expect(report).toMatchObject({ compared: world.rows.size, same: world.rows.size, different: 0, not_stored: 0, degraded: 0 });
      expect(world.rows.size).toBeGreaterThan(eventsCount / 2);
      if (lanes > 1) expect((await verify(world, false)).different).toBeGreaterThan(0); // the other lanes do count
      await world.kill();
    });
  });
});

describe('lanes over a distant store', () => {
  it('are decided again to the same bytes too, for a lane that is run ahead after a crash begins from its stored state', async () => {
    await forSeedsAsync(3, async (random) => {
      const { world } = await decideLive(random, 3, distantStore());
      expect(await verify(world, true)).toMatchObject({ compared: world.rows.size, same: world.rows.size, different: 0, not_stored: 0, degraded: 0 });
      await world.kill();
    });
  });
});

describe('what a decision lists', () => {
  it('holds in the other lanes too, after crashes as well, and what is removed there does not come back', async () => {
    await forSeedsAsync(3, async (random) => {
      const lanes = 3, world = new TestLanes(lanes, random);
      const cards = Array.from({ length: 40 }, (_, at) => `c${at}`), laneOfCard = (card: string): number => laneOf(partitionKeyOf({ card_id: card }, 'transactions', listingSet), lanes);
      const cardOf = (lane: number): string => cards.find((card) => laneOfCard(card) === lane) as string;
      let count = 0;
      const pay = async (lane: number, merchant: string, amount: number): Promise<string> => {
        const id = `t${++count}`;
        await world.append(listingSet, { kind: 'event', source: 'transactions', json: JSON.stringify({ transaction_id: id, event_time: world.clock.atMs + count, card_id: cardOf(lane), merchant_id: merchant, amount }), receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });
        await world.settle();
        await world.settle(); // what the decision listed came to the others behind it
        return id;
      };
      const listsOf = (id: string): string[] => ([...world.rows.values()].map(({ json }) => JSON.parse(json) as { transaction_id: string; lists: string[] }).find((each) => each.transaction_id === id) as { lists: string[] }).lists;
      const crash = async (): Promise<void> => { if (random.chance(0.5)) { await world.kill(); await world.start(); await world.settle(); } };
      await world.append(listingSet, { kind: 'definitions', setId: listingSet.id, json: listingSet.canonicalJson });
      await world.start();
      await pay(0, 'm1', 500);
      await crash();
      for (const lane of [0, 1, 2]) expect(listsOf(await pay(lane, 'm1', 1))).toEqual(['merchants']);
      expect(listsOf(await pay(1, 'm2', 1))).toEqual([]);
      await world.append(listingSet, { kind: 'list', changes: [{ op: 'remove', list: 'merchants', value: 'm1', by: 'somebody' }] });
      await world.settle();
      await crash();
      for (const lane of [0, 1, 2]) expect(listsOf(await pay(lane, 'm1', 1))).toEqual([]);
      await pay(2, 'm3', 500);
      await crash();
      for (const lane of [0, 1, 2]) expect(listsOf(await pay(lane, 'm3', 1))).toEqual(['merchants']);
      await world.kill();
    });
  });
});

describe('positions read in other lanes', () => {
  it('never go back, through any number of crashes', async () => {
    await forSeedsAsync(1, async (random) => {
      const { world } = await decideLive(random, 3);
      const last = new Map<number, readonly number[]>();
      const rows = [...world.rows.values()].sort((a, b) => a.lane - b.lane || a.offset - b.offset);
      for (const { lane, json } of rows) {
        const { positions } = JSON.parse(json) as { positions: number[] };
        positions.forEach((position, other) => { expect(position).toBeGreaterThanOrEqual(last.get(lane)?.[other] ?? -1); });
        last.set(lane, positions);
      }
      expect(Math.max(...[...last.values()].flat())).toBeGreaterThan(100);
      await world.kill();
    });
  });
});
