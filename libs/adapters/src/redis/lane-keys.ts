/**
 * Where a lane's state is in Redis: one hash for the position, `buckets` hashes for the values, all with the lane as their hash tag, so that a lane is in
 * one slot and one transaction. Hashes instead of a key per value make forgetting a lane and listing it as large as the lane and not as the server;
 * several of them keep each far below the 512 MB that Redis moves in one piece.
 */
export class LaneKeys {
  readonly meta: string;
  readonly buckets: readonly string[];

  constructor(prefix: string, lane: number, bucketCount: number) {
    this.meta = `{${prefix}:${lane}}:meta`;
    this.buckets = Array.from({ length: bucketCount }, (_, bucket) => `{${prefix}:${lane}}:values:${bucket}`);
  }

  /** FNV-1a over UTF-16 units: the same in every process and version, for it says where a value is. */
  bucketOf(key: string): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return (hash >>> 0) % this.buckets.length;
  }
}
