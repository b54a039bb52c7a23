import { randomInt } from 'node:crypto';

export interface Keyed { readonly key: string; /** `hashKey` of it. */ readonly hash: number }

const slotsMin = 64;
const { imul } = Math;
/** Another one in each process, so that nobody can choose keys that meet. It decides where things lie, and no answer. */
const seed = randomInt(2 ** 31);

export function hashKey(key: string): number {
  let hash = seed;
  for (let i = 0; i < key.length; i++) hash = imul(hash ^ key.charCodeAt(i), 0x5bd1e995) ^ (hash >>> 15);
  hash = imul(hash ^ (hash >>> 13), 0x9e3779b1);
  return hash ^ (hash >>> 16);
}

/**
 * Finds entries by their key, and many at once in little more time than one: keys lie scattered in memory, and each step of the search is made
 * for all of them before the next. Open addressing; a slot is a hash and a place.
 */
export class KeyIndex<E extends Keyed> {
  private slots = new Int32Array(2 * slotsMin);
  private readonly entries: (E | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly hashes: number[] = [];
  /** Of no meaning; what is read ahead must be used for something. */
  private readAhead = 0;

  get size(): number { return this.entries.length - this.free.length; }
  /** Places in use are below this. */
  get placesEnd(): number { return this.entries.length; }
  at(place: number): E | undefined { return this.entries[place]; }

  find(key: string, hash: number): E | undefined {
    const { slots, entries } = this;
    const mask = slots.length / 2 - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = slots[2 * slot + 1] as number;
      if (place === 0) return undefined;
      if (slots[2 * slot] !== hash) continue;
      const entry = entries[place - 1] as E;
      if (entry.key === key) return entry;
    }
  }

  /** The entries of these keys that there are. */
  findAll(keys: readonly string[], into: E[]): void {
    const { slots, entries, hashes } = this;
    const mask = slots.length / 2 - 1;
    let seen = 0;
    for (let i = 0; i < keys.length; i++) hashes[i] = hashKey(keys[i] as string);
    for (let i = 0; i < keys.length; i++) seen += slots[2 * ((hashes[i] as number) & mask) + 1] as number;
    for (let i = 0; i < keys.length; i++) seen += entries[(slots[2 * ((hashes[i] as number) & mask) + 1] as number) - 1]?.hash ?? 0;
    for (let i = 0; i < keys.length; i++) seen += entries[(slots[2 * ((hashes[i] as number) & mask) + 1] as number) - 1]?.key.length ?? 0;
    this.readAhead = seen;
    for (let i = 0; i < keys.length; i++) {
      const entry = this.find(keys[i] as string, hashes[i] as number);
      if (entry !== undefined) into.push(entry);
    }
  }

  /** Takes in an entry whose key is not there yet. */
  add(entry: E): void {
    if ((this.size + 1) * 2 > this.slots.length / 2) this.grow();
    const place = this.free.pop() ?? this.entries.length;
    this.entries[place] = entry;
    put(this.slots, entry.hash, place + 1);
  }

  remove(place: number): void {
    const entry = this.entries[place];
    if (entry === undefined) return;
    this.entries[place] = undefined;
    this.free.push(place);
    const { slots } = this;
    const mask = slots.length / 2 - 1;
    let gap = entry.hash & mask;
    while (slots[2 * gap + 1] !== place + 1) gap = (gap + 1) & mask;
    // What follows moves up, as far as its own slot allows: so a search ends at the first empty one.
    for (let slot = (gap + 1) & mask; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      const own = (slots[2 * slot] as number) & mask;
      if (((slot - own) & mask) < ((slot - gap) & mask)) continue;
      slots[2 * gap] = slots[2 * slot] as number;
      slots[2 * gap + 1] = slots[2 * slot + 1] as number;
      gap = slot;
    }
    slots[2 * gap + 1] = 0;
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2);
    for (let at = 0; at < this.slots.length; at += 2) if (this.slots[at + 1] !== 0) put(slots, this.slots[at] as number, this.slots[at + 1] as number);
    this.slots = slots;
  }
}

function put(slots: Int32Array, hash: number, mark: number): void {
  const mask = slots.length / 2 - 1;
  let slot = hash & mask;
  while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
  slots[2 * slot] = hash;
  slots[2 * slot + 1] = mark;
}
