import type { DefinitionSet } from '@weir/definitions';
import type { SidePair } from './run-backtest';
import type { SideJob } from './side-job';
import { ThreadSide, type SideFeed } from './thread-side';

/** What both sides of a lane have in common. */
export type LaneJob = Omit<SideJob, 'replaceWith' | 'models' | 'storedThrough'>;

export interface ThreadPairOptions {
  readonly job: LaneJob;
  readonly changed: DefinitionSet;
  readonly models: { readonly before: SideJob['models']; readonly after: SideJob['models'] };
  /** Offset through which the log's own side is compared with what was stored. */
  readonly storedThrough: number | undefined;
  readonly feed: SideFeed;
}

/** Both sides of a lane, a thread each. */
export function threadPair({ job, changed, models, storedThrough, feed }: ThreadPairOptions): SidePair {
  return {
    before: new ThreadSide({ ...job, models: models.before, replaceWith: undefined, storedThrough }, feed),
    after: new ThreadSide({ ...job, models: models.after, replaceWith: { setId: changed.id, json: changed.canonicalJson }, storedThrough: undefined }, feed),
  };
}
