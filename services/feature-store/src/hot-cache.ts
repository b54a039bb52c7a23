/** What a cache reads from and writes to: bytes by key. */
export interface Packing<V> {
  readonly load: (key: string) => V | undefined;
  readonly pack: (value: V) => Uint8Array;
}

interface Entry<V> { readonly value: V; dirty: boolean }

/**
 * Values in use, bounded: the least recently used half is let go when the younger half is full. What changed since it was last written
 * stays until it is written.
 */
export class HotCache<V> {
  private young = new Map<string, Entry<V>>();
  private old = new Map<string, Entry<V>>();
  private dirty = new Map<string, Entry<V>>();

  constructor(private readonly entriesMax: number, private readonly packing: Packing<V>) {}

  /** Entries held, changed ones included. */
  get size(): number { return new Set([...this.young.keys(), ...this.old.keys(), ...this.dirty.keys()]).size; }

  get(key: string): V | undefined {
    const young = this.young.get(key);
    if (young !== undefined) return young.value;
    let entry = this.old.get(key) ?? this.dirty.get(key);
    if (entry === undefined) {
      const value = this.packing.load(key);
      if (value === undefined) return undefined;
      entry = { value, dirty: false };
    }
    this.keep(key, entry);
    return entry.value;
  }

  /** Like `get`, but leaves no trace: for reads that must change nothing. */
  peek(key: string): V | undefined {
    return (this.young.get(key) ?? this.old.get(key) ?? this.dirty.get(key))?.value ?? this.packing.load(key);
  }

  set(key: string, value: V): void {
    const entry = { value, dirty: true };
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

  /** Values that changed and are not taken for writing yet. */
  *changed(): Generator<readonly [key: string, value: V]> { for (const [key, { value }] of this.dirty) yield [key, value]; }

  /** Packed values that changed since the last call; they may be let go from now on. */
  takeChanges(prefix: string, into: Array<readonly [string, Uint8Array | undefined]>): void {
    for (const [key, entry] of this.dirty) {
      entry.dirty = false;
      into.push([prefix + key, this.packing.pack(entry.value)]);
    }
    this.dirty = new Map();
  }

  private keep(key: string, entry: Entry<V>): void {
    if (this.young.size >= this.entriesMax / 2) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, entry);
  }
}
