import type { RawRecord } from '@weir/contracts';
import type { ReadStored } from '../backtest/stored-comparison';
import { buildStages, type ChainOptions, type Stages } from '../chain';
import { ReplayedBackfills } from '../reprocess/replayed-backfills';
import { FollowedPositions } from './followed-positions';
import { ShardReplica, type ReadLane } from './shard-replica';

export interface FollowedStagesOptions extends Pick<ChainOptions, 'lane' | 'runtime' | 'loadFile'> {
  /** How many lanes there are. */
  readonly lanes: number;
  readonly read: ReadLane;
  readonly stored: ReadStored;
  /** Stands in for every set of the logs. */
  readonly replaceWith?: { readonly setId: string; readonly json: string } | undefined;
}

/** The stages of a lane for a replay: back-fills are built anew from the log where their records come; with several lanes, decisions read the others where they did when they were taken. */
export function buildFollowedStages({ lane, lanes, read, stored, replaceWith, runtime, loadFile }: FollowedStagesOptions): Stages {
  const readLane: ReadLane = replaceWith === undefined ? read : async (other, fromOffset, max) => (await read(other, fromOffset, max)).map((record) => withSet(record, replaceWith));
  const backfills = new ReplayedBackfills(lane, readLane);
  if (lanes === 1) return buildStages({ lane, runtime, loadFile, built: backfills.built, prepare: [backfills] });
  const replicas = Array.from({ length: lanes }, (_, other) => {
    const ofOther = new ReplayedBackfills(other, readLane);
    return new ShardReplica({ lane: other, read: readLane, features: { built: ofOther.built }, prepare: [ofOther] });
  });
  const followed = new FollowedPositions({ lane, replicas, stored });
  return buildStages({ lane, runtime, loadFile, built: backfills.built, foreign: followed, prepare: [followed, backfills] });
}

/** A record of definitions brings this set instead. */
export const withSet = (record: RawRecord, set: { readonly setId: string; readonly json: string }): RawRecord => (record.body.kind === 'definitions' ? { ...record, body: { kind: 'definitions', ...set } } : record);
