import type { ForeignShards } from '@weir/feature-store';

/** What a lane of this process has of its own shards at the moment. */
export interface OwnShards {
  /** Offset of the last record whose effects are in them. */
  readonly position: number;
  shard(stateKey: string): Uint8Array | undefined;
}

/**
 * What the other lanes of this process hold of the entities of a batch. `begin` takes positions and shards in one turn of the event loop, between
 * two batches of any lane, so each lane's shards are exactly those of the position that is recorded for it.
 */
export class LaneShards implements ForeignShards {
  readonly lanes: readonly number[];
  private taken: ReadonlyArray<ReadonlyMap<string, Uint8Array>> = [];

  constructor(private readonly own: number, lanes: number, private readonly of: (lane: number) => OwnShards) {
    this.lanes = Array.from({ length: lanes }, (_, lane) => lane).filter((lane) => lane !== own);
  }

  begin(stateKeys: readonly string[]): readonly number[] {
    const taken: Map<string, Uint8Array>[] = [], positions: number[] = [];
    for (let lane = 0; lane <= this.lanes.length; lane++) {
      const shards = new Map<string, Uint8Array>();
      taken.push(shards);
      positions.push(-1);
      if (lane === this.own) continue;
      const other = this.of(lane);
      positions[lane] = other.position;
      for (const key of stateKeys) { const bytes = other.shard(key); if (bytes !== undefined) shards.set(key, bytes); }
    }
    this.taken = taken;
    return positions;
  }

  shard(lane: number, stateKey: string): Uint8Array | undefined { return this.taken[lane]?.get(stateKey); }
  now(lane: number, stateKey: string): Uint8Array | undefined { return this.of(lane).shard(stateKey); }
}
