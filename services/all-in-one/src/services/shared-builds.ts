import type { Backfill } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { LaneStates } from '../replay/lane-states';
import type { Builds } from '../reprocess/builds';
import type { OpenBuildStore } from './lane-backfills';

export interface SharedBuildsOptions {
  readonly builds: Builds;
  readonly open: OpenBuildStore;
  readonly states: () => readonly LaneStates[];
  readonly set: () => DefinitionSet;
  /** Appends the records that switch, and waits until the lanes have passed them. */
  readonly switchViews: (byLane: ReadonlyArray<Backfill | undefined>, isStill: (set: DefinitionSet) => void) => Promise<void>;
}

/** Brings views that were built here to the owners of the lanes: leaves what was built where they find it, has the lanes switch, and clears it away. */
export async function bringShared(options: SharedBuildsOptions, byLane: ReadonlyArray<Backfill | undefined>, isStill: (set: DefinitionSet) => void): Promise<void> {
  const { builds, open, states, set } = options;
  const id = byLane.find((each) => each !== undefined)?.id;
  if (id === undefined) return;
  const store = open(id);
  try {
    for (const [lane, backfill] of byLane.entries()) {
      if (backfill === undefined) continue;
      const { position, entries } = await builds.whole(id, lane);
      await store.clear(lane);
      await store.publish(lane, position, entries);
    }
    await options.switchViews(byLane, isStill);
    // What the views began with stays here, for whoever computes their states again.
    const { canonicalJson: setJson } = set();
    for (const [lane, backfill] of byLane.entries()) {
      const epoch = (await states()[lane]?.records())?.find(({ built }) => built?.id === id)?.epoch;
      if (backfill !== undefined && epoch !== undefined && epoch > 0) await builds.advance({ id, lane, setJson, views: backfill.views }, epoch - 1);
      await store.clear(lane);
    }
  } finally {
    await store.close();
  }
}
