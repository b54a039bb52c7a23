import { hashKey, KeyIndex, type Keyed } from './key-index';

/** What a cache reads from and writes to: bytes by key. */
export interface Packing<V> {
  readonly load: (key: string) => V | undefined;
  readonly pack: (value: V) => Uint8Array;
}

type Change = readonly [key: string, value: Uint8Array | undefined];

interface Entry<V> extends Keyed {
  value: V;
  /** Asked for since the hand last came by. */
  used: boolean;
  dirty: boolean;
  /** Taken for writing and not packed yet: it is packed before it can change. */
  taken: Taken<V> | undefined;
}
interface Taken<V> { readonly entry: Entry<V>; packed: Uint8Array | undefined }

/** Entries that the hand passes for one that comes in, at most. */
const passedMax = 8;

/**
 * Values in use, bounded: when it is full, a hand goes round and lets go what nobody asked for since it last came by. What changed since it was
 * last written stays until it is written.
 */
export class HotCache<V> {
  private readonly index = new KeyIndex<Entry<V>>();
  private dirty: Entry<V>[] = [];
  private readonly found: Entry<V>[] = [];
  private last: Entry<V> | undefined;
  private hand = 0;

  /** Values that were read from the store. */
  loads = 0;

  /** `isStored`: whether the store may hold what this never had. */
  constructor(private readonly entriesMax: number, private readonly packing: Packing<V>, private isStored = true) {}

  /** Entries held, changed ones included. */
  get size(): number { return this.index.size; }

  /** Some of the keys held: at most so many, other ones for another `turn`. */
  some(max: number, turn: number): string[] {
    const { index } = this, keys: string[] = [], { placesEnd } = index;
    for (let step = 0; step < placesEnd && keys.length < max; step++) {
      const entry = index.at((turn * max + step) % placesEnd);
      if (entry !== undefined) keys.push(entry.key);
    }
    return keys;
  }

  /** The value, to be read or changed. */
  get(key: string): V | undefined {
    const entry = this.last?.key === key ? this.last : (this.index.find(key, hashKey(key)) ?? this.loadEntry(key));
    if (entry === undefined) return undefined;
    this.last = entry;
    entry.used = true;
    if (entry.taken !== undefined) this.pack(entry.taken);
    return entry.value;
  }

  /** Values that are here, of many keys at once. */
  findAll(keys: readonly string[], into: V[]): void {
    const { found } = this;
    found.length = 0;
    this.index.findAll(keys, found);
    for (let i = 0; i < found.length; i++) into.push((found[i] as Entry<V>).value);
  }

  /** Like `get`, but leaves no trace: for reads that must change nothing. */
  peek(key: string): V | undefined {
    const entry = this.index.find(key, hashKey(key));
    return entry === undefined ? this.load(key) : entry.value;
  }

  set(key: string, value: V): void {
    let entry = this.index.find(key, hashKey(key));
    if (entry === undefined) this.add((entry = { key, hash: hashKey(key), value, used: true, dirty: false, taken: undefined }));
    else if (entry.taken !== undefined) this.pack(entry.taken);
    entry.value = value;
    this.last = entry;
    this.touch(key);
  }

  /** Says that a value handed out by `get` was changed in place. */
  touch(key: string): void {
    const entry = this.last?.key === key ? this.last : this.index.find(key, hashKey(key));
    if (entry === undefined || entry.dirty) return;
    entry.dirty = true;
    this.dirty.push(entry);
  }

  /** Values that changed and are not written yet. */
  *changed(): Generator<readonly [key: string, value: V]> {
    for (let place = 0; place < this.index.placesEnd; place++) {
      const entry = this.index.at(place);
      if (entry !== undefined && isHeld(entry)) yield [entry.key, entry.value];
    }
  }

  /**
   * Values that changed since the last call, packed as they are read, and read to the end before the next call: each is as it was at the call.
   * What was read may be let go.
   */
  takeChanges(prefix: string): Iterable<Change> {
    const changes = this.dirty.map((entry): Taken<V> => {
      entry.dirty = false;
      return (entry.taken = { entry, packed: undefined });
    });
    this.dirty = [];
    return this.packTaken(prefix, changes);
  }

  private *packTaken(prefix: string, changes: readonly Taken<V>[]): Generator<Change> {
    for (const taken of changes) {
      const packed = taken.packed ?? this.packing.pack(taken.entry.value);
      if (taken.entry.taken === taken) taken.entry.taken = undefined;
      yield [prefix + taken.entry.key, packed];
    }
  }

  private pack(taken: Taken<V>): void { taken.packed ??= this.packing.pack(taken.entry.value); }

  private load(key: string): V | undefined { return this.isStored ? this.packing.load(key) : undefined; }

  private loadEntry(key: string): Entry<V> | undefined {
    const value = this.load(key);
    if (value === undefined) return undefined;
    this.loads += 1;
    const entry: Entry<V> = { key, hash: hashKey(key), value, used: true, dirty: false, taken: undefined };
    this.add(entry);
    return entry;
  }

  private add(entry: Entry<V>): void {
    const { index } = this;
    for (let passed = 0; passed < passedMax && index.size >= this.entriesMax; passed++) {
      this.hand = this.hand + 1 < index.placesEnd ? this.hand + 1 : 0;
      const other = index.at(this.hand);
      if (other === undefined || isHeld(other)) continue;
      if (other.used) { other.used = false; continue; }
      index.remove(this.hand);
      if (this.last === other) this.last = undefined;
      this.isStored = true;
    }
    index.add(entry);
  }
}

/** What is not written yet can't be read back. */
const isHeld = ({ dirty, taken }: Entry<unknown>): boolean => dirty || taken !== undefined;
