import type { StageState } from '@weir/pipeline';
import { IdChunk, idsPerChunk } from './id-chunk';
import { hashId, hashWords } from './id-hash';
import { IdIndex, idNumberModulus } from './id-index';

/** An id is a duplicate for this long after the first one's `received_at`; exactly this long after, it is not. */
export const duplicateMs = 86_400_000;
/** Full chunks kept in memory by one memory of ids, 37 KB each; older ones are read back from the state when their fingerprint is met. */
export const idChunksInMemoryMax = 4_096;

/** The first event with an id. */
export interface FirstSeen { readonly offset: number; readonly sameTag: boolean }

interface Slot { readonly number: number; chunk: IdChunk | undefined; /** Calls of `takeChanges` since it was written as full; -1 before. */ writtenAgo: number; highestReceivedMs: number; highestTimeMs: number }

/**
 * The accepted ids of one source, for as long as they can matter: until 24 h have passed on the source's received_at clock, and no event of that day
 * could still be accepted for its time. Kept as chunks in the order of acceptance, forgotten chunk by chunk from the old end, so what it
 * holds is a function of the log alone. In memory: 36 B an id in the newest chunks, and 13–27 B for each in the index.
 */
export class RememberedIds {
  readonly #prefix: string;
  readonly #slots: Slot[] = [];
  readonly #index = new IdIndex();
  readonly #hash = new Uint32Array(hashWords);
  readonly #changed = new Set<number>();
  readonly #dropped: number[] = [];
  #hashed: string | undefined;
  #last: Slot | undefined;
  #lastChanged = -1;
  #state: StageState | undefined;
  #highestReceivedMs = -Infinity;
  #firstNumber = 0;

  /** `prefix` is that of its keys in the state and ends with `/`. */
  constructor(prefix: string, private readonly chunksInMemoryMax: number = idChunksInMemoryMax) {
    this.#prefix = prefix;
  }

  get count(): number { return this.#slots.reduce((sum, slot) => sum + (slot.chunk?.count ?? idsPerChunk), 0); }

  /** The newest event with the id, where it makes one received at `receivedAtMs` a duplicate. `tag`: 16 hex digits that went with it. */
  find(id: string, receivedAtMs: number, tag = ''): FirstSeen | undefined {
    this.#hashOf(id);
    const fingerprint = this.#hash[0] as number;
    let newest = -1;
    for (let slot = this.#index.find(fingerprint); slot >= 0; slot = this.#index.find(fingerprint, slot)) {
      const age = this.#index.numberAt(slot) - this.#firstNumber % idNumberModulus;
      const place = age < 0 ? age + idNumberModulus : age;
      if (place > newest && this.#chunkAt(place).holds(place % idsPerChunk, this.#hash)) newest = place;
    }
    if (newest < 0) return undefined;
    const chunk = this.#chunkAt(newest), index = newest % idsPerChunk;
    if (receivedAtMs - chunk.receivedAtMs(index) >= duplicateMs) return undefined;
    return { offset: chunk.offset(index), sameTag: chunk.hasTag(index, tag) };
  }

  /** Remembers the id of the event that was accepted at the offset. */
  add(id: string, offset: number, event: { readonly receivedAtMs: number; readonly timeMs: number }, tag = ''): void {
    let last = this.#last;
    if (last === undefined || last.chunk?.full !== false) {
      last = { number: this.#firstNumber / idsPerChunk + this.#slots.length, chunk: new IdChunk(), writtenAgo: -1, highestReceivedMs: -Infinity, highestTimeMs: -Infinity };
      this.#slots.push(last);
      this.#last = last;
    }
    const chunk = last.chunk as IdChunk;
    this.#hashOf(id);
    this.#index.add(this.#hash[0] as number, last.number * idsPerChunk + chunk.count);
    chunk.add(this.#hash, offset, event, tag);
    last.highestReceivedMs = chunk.highestReceivedMs;
    last.highestTimeMs = chunk.highestTimeMs;
    if (this.#lastChanged !== last.number) this.#changed.add((this.#lastChanged = last.number));
    if (event.receivedAtMs > this.#highestReceivedMs) this.#highestReceivedMs = event.receivedAtMs;
  }

  /** Forgets what can matter no more: `oldestAcceptedMs` is the lowest event time that is not too late. */
  forget(oldestAcceptedMs: number): void {
    for (let head = this.#slots[0]; head !== undefined && this.#slots.length > 1; head = this.#slots[0]) {
      if (this.#highestReceivedMs - head.highestReceivedMs < duplicateMs || head.highestTimeMs + duplicateMs > oldestAcceptedMs) return;
      const chunk = this.#chunkAt(0);
      for (let index = 0; index < chunk.count; index++) this.#index.remove(chunk.fingerprint(index), head.number * idsPerChunk + index);
      this.#slots.shift();
      this.#firstNumber += idsPerChunk;
      this.#changed.delete(head.number);
      this.#dropped.push(head.number);
    }
  }

  *takeChanges(): Iterable<readonly [string, Uint8Array | undefined]> {
    const changed = [...this.#changed], dropped = this.#dropped.splice(0);
    this.#changed.clear();
    this.#lastChanged = -1;
    const first = this.#firstNumber / idsPerChunk;
    for (const slot of this.#slots) if (slot.writtenAgo >= 0) slot.writtenAgo = Math.min(2, slot.writtenAgo + 1);
    for (const number of dropped) yield [this.#key(number), undefined];
    for (const number of changed) {
      const slot = this.#slots[number - first] as Slot, chunk = slot.chunk as IdChunk;
      if (chunk.full) slot.writtenAgo = 0;
      yield [this.#key(number), chunk.encode()];
    }
    this.#releaseOld();
  }

  restore(state: StageState): void {
    this.#state = state;
    this.#slots.length = 0;
    this.#last = undefined;
    for (const [key, bytes] of state.scan(this.#prefix)) {
      const number = Number(key.slice(this.#prefix.length)), chunk = IdChunk.decode(bytes);
      if (this.#slots.length === 0) this.#firstNumber = number * idsPerChunk;
      for (let index = 0; index < chunk.count; index++) this.#index.add(chunk.fingerprint(index), number * idsPerChunk + index);
      this.#slots.push({ number, chunk, writtenAgo: chunk.full ? 2 : -1, highestReceivedMs: chunk.highestReceivedMs, highestTimeMs: chunk.highestTimeMs });
      this.#highestReceivedMs = Math.max(this.#highestReceivedMs, chunk.highestReceivedMs);
      this.#releaseOld();
    }
    this.#last = this.#slots.at(-1);
  }

  /** An id is looked for and then added: hashed once. */
  #hashOf(id: string): void {
    if (id === this.#hashed) return;
    this.#hashed = id;
    hashId(id, this.#hash);
  }

  #chunkAt(place: number): IdChunk {
    const slot = this.#slots[Math.floor(place / idsPerChunk)] as Slot;
    if (slot.chunk !== undefined) return slot.chunk;
    const bytes = this.#state?.get(this.#key(slot.number));
    if (bytes === undefined) throw new Error(`ids ${this.#key(slot.number)} are not in the state`);
    return IdChunk.decode(bytes);
  }

  /** A chunk leaves memory once it was written two checkpoints ago, so that the state surely holds it. */
  #releaseOld(): void {
    for (let place = this.#slots.length - this.chunksInMemoryMax - 1; place >= 0; place--) {
      const slot = this.#slots[place] as Slot;
      if (slot.chunk === undefined) return;
      if (slot.writtenAgo === 2 && this.#state !== undefined) slot.chunk = undefined;
    }
  }

  #key(number: number): string { return this.#prefix + String(number).padStart(12, '0'); }
}
