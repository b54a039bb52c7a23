import { MemoryEventLog, MemoryOnlineStore } from '@weir/adapters/memory';
import { traceHeader, WeirError, type RawBody } from '@weir/contracts';
import { DecisionProto, LaneKeeper, numberRecords, originOffset, runOffline, WorkRunner } from '@weir/pipeline';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { verdictJson } from '@weir/rules';
import { EventLog, OnlineStore, type LogRecord, type NewRecord, type Topic } from '@weir/ports';
import { forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { buildWork } from '../src/services/lane-work';
import type { OpenBuildStore } from '../src/services/lane-backfills';
import { stageNames, type StageName } from '../src/services/service-config';
import { buildFollowedStages } from '../src/replay/followed-stages';
import { viewBuild } from '../src/reprocess/view-build';
import { listingSet } from './listing-set';
import { firstDifference, laneBodies, laneRecords, offlineVerdicts, set as kitSet, topicVerdicts } from './services-kit';

const withoutId = (json: string): string => json.replace(/"id":"d-\d+-\d+"/, '');
const nowMs = Date.UTC(2026, 0, 5);
const clock = { nowMs: () => nowMs };

/** Calls of a service that fail: before they did anything, or after, as a crash between the call and its answer would. */
class Faults {
  count = 0;
  constructor(private readonly random: SeededRandom, public chance: number) {}
  async around<T>(work: () => Promise<T>): Promise<T> {
    const before = this.random.chance(this.chance), after = this.random.chance(this.chance);
    if (before) this.fail('before');
    const done = await work();
    if (after) this.fail('after');
    return done;
  }
  private fail(when: string): never {
    this.count += 1;
    // A lost lane dies and starts again from its published state; what is retriable may be tried again in place, where that repeats nothing.
    throw this.random.chance(0.5) ? new WeirError('WEIR_FENCED', `a fault ${when} the call`) : new WeirError('WEIR_LOG_FAILED', `a fault ${when} the call`, { retriable: true });
  }
}

class FaultyLog extends EventLog {
  override readonly lanes: number;
  constructor(private readonly log: EventLog, private readonly faults: Faults) { super(); this.lanes = log.lanes; }
  override append(topic: Topic, lane: number, records: readonly NewRecord[]): ReturnType<EventLog['append']> { return this.faults.around(() => this.log.append(topic, lane, records)); }
  override read(topic: Topic, lane: number, from: number, max: number): Promise<readonly LogRecord[]> { return this.log.read(topic, lane, from, max); }
  override wait(topic: Topic, lane: number, offset: number): Promise<void> { return this.log.wait(topic, lane, offset, 2); }
  override bounds(topic: Topic, lane: number): Promise<{ first: number; next: number }> { return this.log.bounds(topic, lane); }
  override offsetAt(topic: Topic, lane: number, atMs: number): Promise<number> { return this.log.offsetAt(topic, lane, atMs); }
  override close(): Promise<void> { return Promise.resolve(); }
}

class FaultyStore extends OnlineStore {
  constructor(private readonly store: MemoryOnlineStore, private readonly faults: Faults) { super(); }
  override position(lane: number): Promise<number> { return this.store.position(lane); }
  override read(lane: number, keys: readonly string[]): ReturnType<OnlineStore['read']> { return this.store.read(lane, keys); }
  override readWithPosition(lanes: readonly number[], keys: readonly string[]): ReturnType<OnlineStore['readWithPosition']> { return this.store.readWithPosition(lanes, keys); }
  override publish(lane: number, position: number, changes: Iterable<readonly [string, Uint8Array | undefined]>): Promise<void> { return this.faults.around(() => this.store.publish(lane, position, changes)); }
  override scan(lane: number, prefix: string): AsyncIterable<readonly [string, Uint8Array]> { return this.store.scan(lane, prefix); }
  override clear(lane: number): Promise<void> { return this.store.clear(lane); }
  override close(): Promise<void> { return Promise.resolve(); }
}

/** A service over a log of memory; every crash builds it anew from what it published. */
function keeperOf(name: StageName, log: EventLog, store: MemoryOnlineStore, random: SeededRandom, faults: Faults, openBuild: OpenBuildStore = () => new MemoryOnlineStore()): LaneKeeper {
  return new LaneKeeper({
    restartPauseMs: 0, onFatal: (_lane, error) => { throw error; },
    build: (lane) => new WorkRunner({
      lane, log: new FaultyLog(log, faults), store: new FaultyStore(store, faults), clock, retryPauseMs: 0, batchMax: random.int(1, 200), checkpointRecords: random.int(20, 300), checkpointMs: 1e9, idleWaitMs: 1,
      work: buildWork(name, lane, { lanes: log.lanes, clock, log: new FaultyLog(log, faults), replies: { send: () => undefined }, store, openBuild, artifacts: undefined as never, runtime: undefined as never, modelBudgetMs: null }), // the set has no model
    }),
  });
}

describe('Five services over one lane', () => {
  it('decide what an offline run decides, each transaction once, wherever they crash', async () => {
    let faultCount = 0;
    await forSeedsAsync(6, async (random) => {
      const bodies = laneBodies(random, 400);
      const log = new MemoryEventLog({ clock });
      await log.append('transactions.raw', 0, laneRecords(bodies));
      const faults = stageNames.map(() => new Faults(random, 0.2)), stores = stageNames.map(() => new MemoryOnlineStore());
      const keepers = stageNames.map((name, index) => keeperOf(name, log, stores[index] as MemoryOnlineStore, random, faults[index] as Faults));
      for (const keeper of keepers) keeper.gain(0);
      const last = bodies.length - 1;
      const through = async (): Promise<boolean> => keepers.every((keeper) => (keeper.runner(0)?.position ?? -1) >= last) && (await log.bounds('signals', 0)).next > last;
      while (!(await through())) await new Promise((resolve) => { setTimeout(resolve, 1); });
      for (const each of faults) each.chance = 0;
      await Promise.all(keepers.map((keeper) => keeper.stop()));
      faultCount += faults.reduce((sum, { count }) => sum + count, 0);

      expect(firstDifference(await topicVerdicts(log), await offlineVerdicts(bodies, nowMs))).toBeUndefined();
      for (const topic of ['transactions', 'features', 'signals', 'decisions', 'alerts', 'quarantine'] as const) {
        const records = await log.read(topic, 0, 0, 100_000);
        for (const record of records) {
          const body = bodies[originOffset(record)];
          expect(record.headers[traceHeader]).toBe(body?.kind === 'event' ? body.traceparent : undefined);
        }
        if (topic === 'decisions' || topic === 'alerts' || topic === 'quarantine') continue;
        expect([...new Set(records.map((record) => originOffset(record)))]).toEqual(bodies.map((_, offset) => offset));
      }
    });
    expect(faultCount).toBeGreaterThan(50);
  });

  it('start over from the lane when their state is gone', async () => {
    await forSeedsAsync(2, async (random) => {
      const bodies = laneBodies(random, 200), half = Math.floor(bodies.length / 2);
      const log = new MemoryEventLog({ clock }), stores = stageNames.map(() => new MemoryOnlineStore());
      const run = async (last: number): Promise<void> => {
        const keepers = stageNames.map((name, index) => keeperOf(name, log, stores[index] as MemoryOnlineStore, random, new Faults(random, 0)));
        for (const keeper of keepers) keeper.gain(0);
        while (!keepers.every((keeper) => (keeper.runner(0)?.position ?? -1) >= last)) await new Promise((resolve) => { setTimeout(resolve, 1); });
        await Promise.all(keepers.map((keeper) => keeper.stop()));
      };
      await log.append('transactions.raw', 0, laneRecords(bodies.slice(0, half)));
      await run(half - 1);
      for (const store of stores) await store.clear(0);
      await log.append('transactions.raw', 0, laneRecords(bodies.slice(half)));
      await run(bodies.length - 1);
      expect(firstDifference(await topicVerdicts(log), await offlineVerdicts(bodies, nowMs))).toBeUndefined();
    });
  });
});

describe('Views that were built beside five services', () => {
  it('are taken over with their record, whatever the builder left, and wherever the owner crashes', async () => {
    let differing = 0;
    await forSeedsAsync(4, async (random, seed) => {
      const bodies = laneBodies(random, 300), at = random.int(150, 250), from = bodies[random.int(50, 140)], left = random.pick(['nothing', 'something', 'all but little'] as const);
      const fromMs = from?.kind === 'event' ? Number((JSON.parse(from.json) as { event_time?: number }).event_time ?? 0) : 0;
      const views = [{ view: 'card_velocity', fromMs, afterOffset: -1, sinceMs: fromMs }];
      bodies.splice(at, 0, { kind: 'definitions', setId: kitSet.id, json: kitSet.canonicalJson, backfill: { id: 'r-1', views } });
      const records = [...numberRecords(bodies, { controlAtMs: nowMs })], read = (_lane: number, offset: number, max: number) => Promise.resolve(records.slice(offset, offset + max));
      const stages = buildFollowedStages({ lane: 0, lanes: 1, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model')), read, stored: () => Promise.resolve([]) }), offline = new Map<number, string>();
      for await (const { outcomes } of runOffline(stages, records)) for (const outcome of outcomes) if (outcome.kind === 'event' && outcome.verdict !== undefined) offline.set(outcome.offset, verdictJson(outcome.verdict));

      const built = new MemoryOnlineStore();
      if (left !== 'nothing') {
        const build = viewBuild({ lane: 0, set: kitSet, views, read });
        await build.advanceTo(left === 'something' ? at / 2 | 0 : at - 2);
        await built.publish(0, build.position, build.takeChanges());
      }
      const log = new MemoryEventLog({ clock }), faults = stageNames.map(() => new Faults(random, 0.2)), stores = stageNames.map(() => new MemoryOnlineStore());
      await log.append('transactions.raw', 0, laneRecords(bodies));
      const keepers = stageNames.map((name, index) => keeperOf(name, log, stores[index] as MemoryOnlineStore, random, faults[index] as Faults, () => built));
      for (const keeper of keepers) keeper.gain(0);
      while (!keepers.every((keeper) => (keeper.runner(0)?.position ?? -1) >= bodies.length - 1)) await new Promise((resolve) => { setTimeout(resolve, 1); });
      for (const each of faults) each.chance = 0;
      await Promise.all(keepers.map((keeper) => keeper.stop()));
      expect([seed, left, firstDifference(await topicVerdicts(log), offline)]).toEqual([seed, left, undefined]);
      // Without the back-fill they are others.
      const without = new Set([...await offlineVerdicts(bodies.filter((_, offset) => offset !== at), nowMs)].map(([, json]) => withoutId(json)));
      differing += [...offline.values()].filter((json) => !without.has(withoutId(json))).length;
    });
    expect(differing).toBeGreaterThan(20);
  });
});

describe('Five services over two lanes', () => {
  const pay = (id: string, amount: number): RawBody => ({ kind: 'event', source: 'transactions', json: JSON.stringify({ transaction_id: id, event_time: nowMs, card_id: id, merchant_id: 'm1', amount }), receivedAtMs: undefined, idempotency: undefined, replyTo: undefined });

  it('tell the other lane what a decision listed, wherever they crash', async () => {
    await forSeedsAsync(3, async (random) => {
      const log = new MemoryEventLog({ clock, lanes: 2 });
      const definitions: RawBody = { kind: 'definitions', setId: listingSet.id, json: listingSet.canonicalJson };
      for (const lane of [0, 1]) await log.append('transactions.raw', lane, laneRecords([definitions]));
      await log.append('transactions.raw', 0, laneRecords([pay('t1', 500)]));
      const faults = stageNames.map(() => new Faults(random, 0.2)), stores = stageNames.map(() => new MemoryOnlineStore());
      const keepers = stageNames.map((name, index) => keeperOf(name, log, stores[index] as MemoryOnlineStore, random, faults[index] as Faults));
      const through = async (lane: number): Promise<void> => {
        const { next } = await log.bounds('transactions.raw', lane);
        while (!keepers.every((keeper) => (keeper.runner(lane)?.position ?? -1) >= next - 1)) await new Promise((resolve) => { setTimeout(resolve, 1); });
      };
      for (const keeper of keepers) keeper.gain(0);
      await through(0);
      for (const keeper of keepers) keeper.gain(1);
      await log.append('transactions.raw', 1, laneRecords([pay('t2', 1)]));
      await through(1);
      for (const each of faults) each.chance = 0;
      await Promise.all(keepers.map((keeper) => keeper.stop()));
      const { next } = await log.bounds('decisions', 1);
      const [record] = (await log.read('decisions', 1, 0, 10)).filter((each) => originOffset(each) > 0);
      const decision = record && new DecisionProto().decode(record.value, (id, source) => (id === listingSet.id ? listingSet.layoutBySource.get(source) : undefined));
      expect([next, decision?.verdict.lists, decision?.verdict.decided_by]).toEqual([1, ['merchants'], 'watch_list']);
    });
  });
});
