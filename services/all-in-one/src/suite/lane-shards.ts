import type { FeatureStage, ForeignShards } from '@weir/feature-store';

/**
 * What the other lanes of this process hold of the entities of a batch. `begin` takes positions and shards in one turn of the event loop, between
 * two batches of any lane, so each lane's shards are exactly those of the position that is recorded for it.
 */
export class LaneShards implements ForeignShards {
  readonly lanes: readonly number[];
  private taken: ReadonlyArray<ReadonlyMap<string, Uint8Array>> = [];

  constructor(private readonly own: number, private readonly stages: () => readonly FeatureStage[], lanes: number) {
    this.lanes = Array.from({ length: lanes }, (_, lane) => lane).filter((lane) => lane !== own);
  }

  begin(stateKeys: readonly string[]): readonly number[] {
    const stages = this.stages();
    this.taken = stages.map((stage, lane) => {
      const shards = new Map<string, Uint8Array>();
      if (lane !== this.own) for (const key of stateKeys) { const bytes = stage.shard(key); if (bytes !== undefined) shards.set(key, bytes); }
      return shards;
    });
    return stages.map((stage, lane) => (lane === this.own ? -1 : stage.lastOffset));
  }

  shard(lane: number, stateKey: string): Uint8Array | undefined { return this.taken[lane]?.get(stateKey); }
}
