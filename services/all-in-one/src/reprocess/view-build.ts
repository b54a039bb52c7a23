import type { BackfilledView } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { ShardReplica, type ReadLane, type ShardReplicaOptions } from '../replay/shard-replica';
import { BuildInput, setOfViews } from './build-input';

export interface ViewBuildOptions extends Pick<ShardReplicaOptions, 'start'> {
  readonly lane: number;
  /** The set the views are of. */
  readonly set: DefinitionSet;
  /** All of the same events: one pass serves them all. */
  readonly views: readonly BackfilledView[];
  readonly read: ReadLane;
}

/** States of views built from a lane's log beside the lane, by the stages that run live. */
export function viewBuild({ lane, set, views, read, start }: ViewBuildOptions): ShardReplica {
  const reduced = setOfViews(set, views);
  return new ShardReplica({ lane, read, features: { resolveSet: () => reduced }, input: new BuildInput(set, views), ...(start === undefined ? {} : { start }) });
}
