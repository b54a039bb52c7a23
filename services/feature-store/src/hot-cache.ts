/** What a cache reads from and writes to: bytes by key. */
export interface Packing<V> {
  readonly load: (key: string) => V | undefined;
  readonly pack: (value: V) => Uint8Array;
}

type Change = readonly [key: string, value: Uint8Array | undefined];

interface Entry<V> {
  readonly value: V;
  dirty: boolean;
  /** Taken for writing and not packed yet: it is packed before it can change. */
  taken: Taken<V> | undefined;
}
interface Taken<V> { readonly entry: Entry<V>; packed: Uint8Array | undefined }

/**
 * Values in use, bounded: the least recently used half is let go when the younger half is full. What changed since it was last written
 * stays until it is written.
 */
export class HotCache<V> {
  private young = new Map<string, Entry<V>>();
  private old = new Map<string, Entry<V>>();
  private dirty = new Map<string, Entry<V>>();
  /** What `takeChanges` gave and nobody has read yet. */
  private taken = new Map<string, Taken<V>>();

  constructor(private readonly entriesMax: number, private readonly packing: Packing<V>) {}

  /** Entries held, changed ones included. */
  get size(): number { return new Set([...this.young.keys(), ...this.old.keys(), ...this.dirty.keys(), ...this.taken.keys()]).size; }

  /** The value, to be read or changed. */
  get(key: string): V | undefined {
    let entry = this.young.get(key);
    if (entry === undefined) {
      entry = this.older(key);
      if (entry === undefined) {
        const value = this.packing.load(key);
        if (value === undefined) return undefined;
        entry = { value, dirty: false, taken: undefined };
      }
      this.keep(key, entry);
    }
    if (entry.taken !== undefined) this.pack(entry.taken);
    return entry.value;
  }

  /** Like `get`, but leaves no trace: for reads that must change nothing. */
  peek(key: string): V | undefined {
    const entry = this.young.get(key) ?? this.older(key);
    return entry === undefined ? this.packing.load(key) : entry.value;
  }

  set(key: string, value: V): void {
    const entry = { value, dirty: true, taken: undefined };
    this.dirty.set(key, entry);
    this.keep(key, entry);
  }

  /** Says that a value handed out by `get` was changed in place. */
  touch(key: string): void {
    const entry = this.young.get(key);
    if (entry === undefined || entry.dirty) return;
    entry.dirty = true;
    this.dirty.set(key, entry);
  }

  /** Values that changed and are not written yet. */
  *changed(): Generator<readonly [key: string, value: V]> {
    for (const [key, { value }] of this.dirty) yield [key, value];
    for (const [key, { entry }] of this.taken) if (!this.dirty.has(key)) yield [key, entry.value];
  }

  /**
   * Values that changed since the last call, packed as they are read, and read to the end before the next call: each is as it was at the call.
   * What was read may be let go.
   */
  takeChanges(prefix: string): Iterable<Change> {
    for (const [key, entry] of this.dirty) {
      entry.dirty = false;
      this.taken.set(key, (entry.taken = { entry, packed: undefined }));
    }
    this.dirty = new Map();
    return this.packTaken(prefix);
  }

  private *packTaken(prefix: string): Generator<Change> {
    for (const [key, taken] of this.taken) {
      this.taken.delete(key);
      yield [prefix + key, this.pack(taken)];
    }
  }

  private pack(taken: Taken<V>): Uint8Array {
    taken.entry.taken = undefined;
    return (taken.packed ??= this.packing.pack(taken.entry.value));
  }

  private older(key: string): Entry<V> | undefined {
    return this.old.get(key) ?? this.dirty.get(key) ?? this.taken.get(key)?.entry;
  }

  private keep(key: string, entry: Entry<V>): void {
    if (this.young.size >= this.entriesMax / 2) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, entry);
  }
}
