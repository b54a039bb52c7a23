/** Keyed state per lane and stage, published atomically with the lane's position. Keys are `stage/…`. */
export abstract class OnlineStore {
  /** Offset of the last record whose effects are in the store; -1 for an empty lane. It never goes back, save through `clear`. */
  abstract position(lane: number): Promise<number>;
  /** Same length and order as `keys`; undefined where there is none. One round trip. */
  abstract read(lane: number, keys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>>;
  /** Position and values of several lanes, each lane's position and values read atomically. */
  abstract readWithPosition(lanes: readonly number[], keys: readonly string[]): Promise<ReadonlyArray<{ position: number; values: ReadonlyArray<Uint8Array | undefined> }>>;
  /** All changes and the position, or nothing. @throws WeirError WEIR_STORE_FAILED, retriable. */
  abstract publish(lane: number, position: number, changes: Iterable<readonly [key: string, value: Uint8Array | undefined]>): Promise<void>;
  /** Entries with the prefix, by key ascending. */
  abstract scan(lane: number, prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** Forgets a lane, for a rebuild. */
  abstract clear(lane: number): Promise<void>;
  abstract close(): Promise<void>;
}

/** A store in this process: what a stage reads lazily it reads here at once, without a promise. */
export interface SyncOnlineStore {
  readSync(lane: number, keys: readonly string[]): ReadonlyArray<Uint8Array | undefined>;
  /** Entries with the prefix, by key ascending. */
  scanSync(lane: number, prefix: string): Iterable<readonly [key: string, value: Uint8Array]>;
}

/** Whether the store can be read at once. */
export const isSyncStore = (store: OnlineStore): store is OnlineStore & SyncOnlineStore => 'readSync' in store && typeof store.readSync === 'function' && 'scanSync' in store && typeof store.scanSync === 'function';
