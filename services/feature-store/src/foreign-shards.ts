/**
 * Shards that other lanes keep of entities met there, too. A stage asks `begin` for the events it is about to decide; what it gives, and what `shard`
 * answers until the next `begin`, are of one moment: the positions are recorded with each decision, and a replay gives the same shards for them.
 */
export interface ForeignShards {
  /** Lanes other than the stage's own that may hold shards, ascending. */
  readonly lanes: readonly number[];
  /** Position read in each lane by lane number (own lane: -1). */
  begin(stateKeys: readonly string[]): readonly number[];
  /** A lane's shard under the state key, as of `begin`; undefined for none. */
  shard(lane: number, stateKey: string): Uint8Array | undefined;
  /** A lane's shard as of now, for reads that belong to no event. */
  now(lane: number, stateKey: string): Uint8Array | undefined;
}
