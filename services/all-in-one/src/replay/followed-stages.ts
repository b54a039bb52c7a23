import type { RawRecord } from '@weir/contracts';
import type { ReadStored } from '../backtest/stored-comparison';
import { buildStages, type ChainOptions, type Stages } from '../chain';
import { FollowedPositions } from './followed-positions';
import { ShardReplica, type ReadLane } from './shard-replica';

export interface FollowedStagesOptions extends Pick<ChainOptions, 'lane' | 'runtime' | 'loadFile'> {
  /** How many lanes there are; with one nothing is followed. */
  readonly lanes: number;
  readonly read: ReadLane;
  readonly stored: ReadStored;
  /** Stands in for every set of the logs. */
  readonly replaceWith?: { readonly setId: string; readonly json: string } | undefined;
}

/** The stages of a lane for a replay: with several lanes, decisions read the others where they read them when they were taken. */
export function buildFollowedStages({ lane, lanes, read, stored, replaceWith, runtime, loadFile }: FollowedStagesOptions): Stages {
  if (lanes === 1) return buildStages({ lane, runtime, loadFile });
  const readOther: ReadLane = replaceWith === undefined ? read : async (other, fromOffset, max) => (await read(other, fromOffset, max)).map((record) => withSet(record, replaceWith));
  const replicas = Array.from({ length: lanes }, (_, other) => new ShardReplica({ lane: other, read: readOther }));
  const followed = new FollowedPositions({ lane, replicas, stored });
  return buildStages({ lane, runtime, loadFile, foreign: followed, prepare: [followed] });
}

/** A record of definitions brings this set instead. */
export const withSet = (record: RawRecord, set: { readonly setId: string; readonly json: string }): RawRecord => (record.body.kind === 'definitions' ? { ...record, body: { ...record.body, ...set } } : record);
