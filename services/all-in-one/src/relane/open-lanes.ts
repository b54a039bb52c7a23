import { join } from 'node:path';
import { LmdbDecisionStore, LmdbOnlineStore, type LmdbEventLog } from '@weir/adapters/lmdb';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { LaneRunner } from '@weir/pipeline';
import type { Clock } from '@weir/ports';
import { buildStages, type Stages } from '../chain';
import { Builds } from '../reprocess/builds';
import { unpackDecision } from '../suite/decision-rows';
import { ForeignLanes } from '../suite/foreign-lanes';
import { ListAdditionSink } from '../suite/list-additions';
import { ModelArtifacts } from '../suite/model-artifacts';
import { BatchReader, DecisionSink } from '../suite/sinks';

/** The lanes of a data folder, open with all that a decision needs. */
export interface OpenLanes { readonly log: LmdbEventLog; readonly online: LmdbOnlineStore; readonly decisions: LmdbDecisionStore; readonly builds: Builds; readonly stages: readonly Stages[]; readonly runners: readonly LaneRunner[]; close(): Promise<void> }

/** `folder`: where log, state and decisions are; `dataDir`: where the models are. `log` is closed with the rest. */
export async function openLanes({ folder, dataDir, log, lanes, clock, firstOffset }: { readonly folder: string; readonly dataDir: string; readonly log: LmdbEventLog; readonly lanes: number; readonly clock: Clock; readonly firstOffset: number }): Promise<OpenLanes> {
  const online = new LmdbOnlineStore({ path: join(folder, 'state') }), decisions = new LmdbDecisionStore({ path: join(folder, 'decisions'), lanes, unpack: unpackDecision });
  // In front of a lane's first record there is nothing: its state begins there.
  for (let lane = 0; lane < lanes; lane += 1) if ((await online.position(lane)) < firstOffset - 1) await online.publish(lane, firstOffset - 1, []);
  const runtime = new OnnxModelRuntime(), artifacts = new ModelArtifacts(join(dataDir, 'models')), builds = new Builds({ folder: join(folder, 'builds'), records: (lane) => (from, max) => log.read('transactions.raw', lane, from, max) });
  const stages: Stages[] = [];
  const foreign = lanes === 1 ? undefined : await ForeignLanes.open({ log, online, decisions, stageOf: (lane) => stages[lane]?.features, replicaOf: (lane) => ({ features: { built: builds.builtFor(lane) }, prepare: [builds.preparationFor(lane)] }) });
  const runners = Array.from({ length: lanes }, (_, lane) => {
    const chain = buildStages({ lane, runtime, loadFile: (path, sha256) => artifacts.read(path, sha256), built: builds.builtFor(lane), prepare: [...(foreign === undefined ? [] : [foreign.recallFor(lane)]), builds.preparationFor(lane)], ...(foreign === undefined ? {} : { foreign: foreign.shardsFor(lane) }) });
    stages.push(chain);
    const reader = new BatchReader(clock, () => chain.features.plan?.set);
    return new LaneRunner({ lane, log, store: online, chain, clock, recordsFirst: foreign !== undefined, sinks: [new DecisionSink(lane, reader, decisions), ...(foreign === undefined ? [] : [new ListAdditionSink(log, lane)])] });
  });
  for (const runner of runners) await runner.restore();
  const close = async (): Promise<void> => {
    for (const { scoring } of stages) await scoring.close();
    await builds.close();
    await decisions.close();
    await online.close();
    await log.close();
  };
  return { log, online, decisions, builds, stages, runners, close };
}
