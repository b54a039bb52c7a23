import type { LaneItem } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import type { FeatureWorkOptions } from '@weir/feature-store';
import { loadState, type Preparation } from '@weir/pipeline';
import type { OnlineStore } from '@weir/ports';
import type { ReadLane } from '../replay/shard-replica';
import { bringsBackfill, prepareBackfills } from '../reprocess/replayed-backfills';
import { viewBuild } from '../reprocess/view-build';

/** Where whoever builds a view leaves what it has, for the owners of the lanes. */
export type OpenBuildStore = (id: string) => OnlineStore;

/**
 * Back-fills of a lane whose owner is another process than who builds them. When the record that switches comes, the owner goes on from what the builder left, over
 * the few records between, and takes the states over as its own. What is not there any more, in a replay of the topics, is built again from the lane's first record: the
 * same, and slower.
 */
export class LaneBackfills implements Preparation {
  private brought: { readonly id: string; readonly shards: Map<string, Uint8Array> } | undefined;

  constructor(private readonly options: { readonly lane: number; readonly read: ReadLane; readonly open: OpenBuildStore }) {}

  /** What the feature store's part of the lane is given. */
  get work(): Required<Pick<FeatureWorkOptions, 'built' | 'takeOver' | 'prepare'>> {
    return { prepare: [this], built: (id, stateKey) => (this.brought?.id === id ? this.brought.shards.get(stateKey) : undefined), takeOver: (id, view) => this.takeOver(id, view) };
  }

  concerns(batch: readonly LaneItem[]): boolean { return batch.some(bringsBackfill); }

  prepare(batch: readonly LaneItem[], from: number): Promise<number> {
    return prepareBackfills(batch, from, async ({ backfill, json, offset }) => {
      const { lane, read } = this.options, left = await this.leftBy(backfill.id, offset);
      const build = viewBuild({ lane, set: resolveCanonicalSet(json), views: backfill.views, read, ...(left === undefined ? {} : { start: left }) });
      await build.advanceTo(offset - 1);
      const shards = new Map(left?.state.scan('fs/') ?? []);
      for (const [key, value] of build.takeChanges()) {
        if (!key.startsWith('fs/')) continue;
        if (value === undefined) shards.delete(key);
        else shards.set(key, value);
      }
      this.brought = { id: backfill.id, shards };
    });
  }

  private async leftBy(id: string, before: number) {
    const { lane, open } = this.options, store = open(id);
    try {
      const position = await store.position(lane);
      return position < 0 || position >= before ? undefined : { position, state: await loadState(store, lane, '') };
    } finally {
      await store.close();
    }
  }

  /** What was taken over is the lane's own from then on. */
  private *takeOver(id: string, view: string): Generator<readonly [string, Uint8Array]> {
    const { brought } = this, prefix = `fs/${view}/`;
    if (brought?.id !== id) return;
    for (const [stateKey, shard] of brought.shards) {
      if (!stateKey.startsWith(prefix)) continue;
      yield [stateKey, shard];
      brought.shards.delete(stateKey);
    }
  }
}
