import type { Backfill, ControlItem, LaneItem } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import type { Preparation } from '@weir/pipeline';
import type { ReadLane, ShardReplica } from '../replay/shard-replica';
import { viewBuild } from './view-build';

/** In a replay the states of a back-fill are built in memory from the same log, up to the record that brings them. */
export class ReplayedBackfills implements Preparation {
  private readonly builds = new Map<string, ShardReplica>();

  constructor(private readonly lane: number, private readonly read: ReadLane) {}

  concerns(batch: readonly LaneItem[]): boolean { return batch.some(bringsBackfill); }

  async prepare(batch: readonly LaneItem[], from: number): Promise<number> {
    return prepareBackfills(batch, from, async (item) => {
      const { backfill, json, offset } = item;
      const build = viewBuild({ lane: this.lane, set: resolveCanonicalSet(json), views: backfill.views, read: this.read });
      await build.advanceTo(offset - 1);
      this.builds.set(backfill.id, build);
    });
  }

  readonly built = (id: string, stateKey: string): Uint8Array | undefined => this.builds.get(id)?.shard(stateKey);
}

export type BringsBackfill = ControlItem & { readonly json: string; readonly backfill: Backfill };

export const bringsBackfill = (item: LaneItem): item is BringsBackfill => item.kind === 'definitions' && item.backfill !== undefined && item.json !== undefined;

/** Cuts in front of a record that brings a back-fill and, where one comes first, has it made ready. */
export async function prepareBackfills(batch: readonly LaneItem[], from: number, ready: (item: BringsBackfill) => Promise<void>): Promise<number> {
  const first = batch[from];
  if (first !== undefined && bringsBackfill(first)) {
    await ready(first);
    return from + 1;
  }
  const next = batch.findIndex((item, index) => index > from && bringsBackfill(item));
  return next < 0 ? batch.length : next;
}
