import { join } from 'node:path';
import { LmdbDecisionStore, LmdbOnlineStore } from '@weir/adapters/lmdb';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import type { FeatureReadAnswer } from '@weir/feature-store';
import { lazyState } from '@weir/pipeline';
import type { EventLog } from '@weir/ports';
import { buildStages, type Stages } from '../chain';
import { Builds } from '../reprocess/builds';
import { unpackDecision } from '../suite/decision-rows';
import { ForeignLanes } from '../suite/foreign-lanes';
import { laneOf } from '../suite/lane-choice';

/** Keys of which the values of the lanes before and of the new ones are compared, at most per view and lane before. */
const keysPerViewMax = 200;
const examplesMax = 10;
/** Behind every event, and early enough for the calendar of any zone. */
const afterAllMs = 8_000_000_000_000_000;

export interface LaneComparison { readonly compared: number; readonly same: number; readonly different: number; readonly examples: ReadonlyArray<{ readonly view: string; readonly key: string; readonly before: unknown; readonly now: unknown }> }

/** Reads some keys of every view from the state that the lanes before have stored, and from the new ones. */
export async function compareLanes({ dataDir, lanes, log }: { readonly dataDir: string; readonly lanes: number; readonly log: EventLog }, now: readonly Stages[]): Promise<LaneComparison> {
  const online = new LmdbOnlineStore({ path: join(dataDir, 'state') }), decisions = new LmdbDecisionStore({ path: join(dataDir, 'decisions'), lanes, unpack: unpackDecision });
  const builds = new Builds({ folder: join(dataDir, 'builds'), records: (lane) => (from, max) => log.read('transactions.raw', lane, from, max) }), before: Stages[] = [];
  try {
    const foreign = lanes === 1 ? undefined : await ForeignLanes.open({ log, online, decisions, stageOf: (lane) => before[lane]?.features });
    for (let lane = 0; lane < lanes; lane += 1) {
      const chain = buildStages({ lane, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('nothing is scored here')), built: builds.builtFor(lane), ...(foreign === undefined ? {} : { foreign: foreign.shardsFor(lane) }) });
      await chain.features.restore(lazyState(online, lane));
      before.push(chain);
    }
    return compared(online, before, now);
  } finally {
    await builds.close();
    await decisions.close();
    await online.close();
  }
}

function compared(online: LmdbOnlineStore, before: readonly Stages[], now: readonly Stages[]): LaneComparison {
  const examples: LaneComparison['examples'][number][] = [];
  let same = 0, count = 0;
  for (const { view } of before[0]?.features.plan?.views ?? []) {
    for (const key of keysOf(online, before.length, view.name)) {
      const read = (stages: readonly Stages[], atMs: number): FeatureReadAnswer | undefined => stages[laneOf(key, stages.length)]?.features.read({ entityType: view.entity, key, views: [view.name], atMs });
      const newestMs = Math.max(0, ...Object.values(read(before, afterAllMs)?.event_times ?? {}).map((each) => each ?? 0)); // where windows still hold something
      const one = shown(read(before, newestMs)), other = shown(read(now, newestMs));
      count += 1;
      if (JSON.stringify(one) === JSON.stringify(other)) same += 1;
      else if (examples.length < examplesMax) examples.push({ view: view.name, key, before: one, now: other });
    }
  }
  return { compared: count, same, different: count - same, examples };
}

const shown = (answer: FeatureReadAnswer | undefined): unknown => answer && { features: answer.features, statuses: answer.statuses };

function keysOf(online: LmdbOnlineStore, lanes: number, view: string): ReadonlySet<string> {
  const prefix = `fs/${view}/`, keys = new Set<string>();
  for (let lane = 0; lane < lanes; lane += 1) {
    let ofLane = 0;
    for (const [stateKey] of online.scanSync(lane, prefix)) {
      if (ofLane++ >= keysPerViewMax) break;
      keys.add(stateKey.slice(prefix.length));
    }
  }
  return keys;
}
