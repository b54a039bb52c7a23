/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { join } from 'node:path';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import type { RawBody } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { encodeRawBody } from '@weir/pipeline';
import { forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { LabelBook } from '../src/backtest/label-book';
import { LocalSide } from '../src/backtest/local-side';
import { runVerify, type VerifyReport } from '../src/backtest/run-verify';
import { StoredReader } from '../src/backtest/stored-rows';
import { suitePlaceOf, SuiteReader } from '../src/backtest/suite-reader';
import { lanesBegin, mustHaveLanes } from '../src/relane/lane-record';
import { openLanes, type OpenLanes } from '../src/relane/open-lanes';
import { relane } from '../src/relane/relane';
import { buildFollowedStages } from '../src/replay/followed-stages';
import { lanesOf, noFiles, NoModels, randomBodies, randomSet, SetClock } from './lanes-kit';
import { TestFolder } from './suite-fixture';

/** Lanes of a folder whose number is changed, again and again: what stands there then is what their logs give, byte for byte. */

const everything = { fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: undefined };
const eventsFirst = 220, eventsThen = 80, killsMax = 2;

/** A suite's folder without the suite around it. */
class LaneFolder {
  private readonly folder = new TestFolder();
  private readonly clock = new SetClock();
  readonly path = this.folder.path;

  constructor(private readonly random: SeededRandom, private set: DefinitionSet) { mustHaveLanes(this.path, 1); }

  remove(): void { this.folder.remove(); }

  /** Decides these, killed now and then. */
  async decide(lanes: number, bodies: readonly RawBody[]): Promise<void> {
    let open = await this.open(lanes), kills = 0;
    for (let from = 0, until = 0; from < bodies.length; from = until) {
      until = from + this.random.int(1, 40);
      const some = bodies.slice(from, until), last = some.at(-1);
      if (last?.kind === 'event') this.clock.atMs = Math.max(this.clock.atMs + 1, last.receivedAtMs ?? 0);
      for (let lane = 0; lane < lanes; lane += 1) {
        const ofLane = some.filter((body) => lanesOf(body, this.set, lanes).includes(lane));
        if (ofLane.length > 0) await open.log.append('transactions.raw', lane, ofLane.map((body) => encodeRawBody(body)));
      }
      if (kills >= killsMax || !this.random.chance(0.2)) continue;
      kills += 1;
      await Promise.allSettled(open.runners.map((runner) => runner.stop({ checkpoint: false })));
      await open.close();
      open = await this.open(lanes);
    }
    // What decisions listed came to the others behind it.
    for (let turn = 0; turn < 2; turn += 1) await Promise.all(open.runners.map(async (runner, lane) => runner.reached((await open.log.bounds('transactions.raw', lane)).next - 1)));
    await Promise.all(open.runners.map((runner) => runner.stop()));
    await open.close();
  }

  /** Another number of lanes; what is under way is ended now and then, and begun again. */
  async change(lanes: number): Promise<void> {
    const chunkRecords = this.random.int(40, 200);
    for (let kills = 0; ; kills += 1) {
      const mayEnd = kills < killsMax;
      const gone = await relane({ dataDir: this.path, historyPath: join(this.path, 'history'), lanes, chunkRecords, progress: () => { if (mayEnd && this.random.chance(0.01)) throw new Error('the power is gone'); } }).then(() => undefined, (error: unknown) => error);
      if (gone === undefined) return;
      expect(gone).toMatchObject({ message: 'the power is gone' });
    }
  }

  /** As `weir verify --data` does. */
  async verify(lanes: number): Promise<VerifyReport> {
    const reader = await SuiteReader.open(suitePlaceOf(this.path, { lanes, kafka: undefined, history: join(this.path, 'history') })), read = reader.readLane;
    const report = await runVerify({
      lanes: Array.from({ length: lanes }, (_, lane) => () => {
        const packs = reader.packs(lane), known = new StoredReader(packs, 100), stored = (offsets: readonly number[]): ReturnType<StoredReader['at']> => known.at(offsets), throughOffset = reader.position(lane);
        return new LocalSide({ ...everything, labels: new LabelBook(), records: reader.records(lane, throughOffset + 1), stored: { throughOffset, read: stored, packs }, stages: buildFollowedStages({ lane, lanes, read, stored, runtime: new NoModels(), loadFile: noFiles }) });
      }),
    });
    await reader.close();
    return report;
  }

  private async open(lanes: number): Promise<OpenLanes> {
    const { path, clock } = this, firstOffset = lanesBegin(path);
    const open = await openLanes({ folder: path, dataDir: path, lanes, clock, firstOffset, log: new LmdbEventLog({ path: join(path, 'log'), lanes, clock, firstOffset }) });
    for (const runner of open.runners) await runner.start();
    return open;
  }
}

const applied = ({ id, canonicalJson }: DefinitionSet): RawBody => ({ kind: 'definitions', setId: id, json: canonicalJson });

describe('random definitions over disorderly events in lanes whose number is changed from 1 to 2, to 3 and to 1, killed on the way', () => {
  it('are decided again to the same bytes, after each change and after what was decided behind it', async () => {
    await forSeedsAsync(1, async (random) => {
      const first = randomSet(random), second = randomSet(random), folder = new LaneFolder(random, first);
      const fromMs = new SetClock().atMs, bodies = randomBodies(random, eventsFirst, fromMs), midway = random.int(60, 150);
      const backfill = { id: 'b1', views: ['cards', 'merchants', 'visits'].map((view) => ({ view, fromMs: null, afterOffset: -1, sinceMs: null })) };
      try {
        await folder.decide(1, [applied(first), ...bodies.slice(0, midway), applied(second), ...bodies.slice(midway, midway + 50), { ...applied(second), backfill } as RawBody, ...bodies.slice(midway + 50)]);
        for (const [turn, lanes] of [2, 3, 1].entries()) {
          await folder.change(lanes);
          const changed = await folder.verify(lanes);
          expect(changed.mismatches.slice(0, 3)).toEqual([]);
          expect(changed).toMatchObject({ same: changed.compared, different: 0, not_stored: 0, degraded: 0 });
          expect(changed.compared).toBeGreaterThan(eventsFirst / 2);
          await folder.decide(lanes, randomBodies(random, eventsThen, fromMs + (turn + 1) * 7_200_000));
          const later = await folder.verify(lanes);
          expect(later.mismatches.slice(0, 3)).toEqual([]);
          expect(later).toMatchObject({ same: later.compared, different: 0, not_stored: 0, degraded: 0 });
          expect(later.compared).toBeGreaterThan(changed.compared + eventsThen / 2);
        }
      } finally {
        folder.remove();
      }
    });
  });
});
