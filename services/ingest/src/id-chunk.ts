/** Ids remembered in one chunk, in the order they were accepted. */
export const idsPerChunk = 1_024;
/** Three words of hash, two of offset, two of received_at, two of the value that goes with it. */
const wordsPerId = 9;
const headerBytes = 24;
const formatVersion = 1;
const wordSize = 2 ** 32;

/**
 * Up to `idsPerChunk` ids, packed: hash, offset of the first event, its `received_at` and 64 bits that go with it (a body's hash). Appended to
 * until it is full and never changed after, so a full chunk is written once.
 */
export class IdChunk {
  count = 0;
  /** Highest `received_at` and event time in it, ms: both must be old before it may be forgotten. */
  highestReceivedMs = -Infinity;
  highestTimeMs = -Infinity;
  #words = new Uint32Array(wordsPerId * 16);

  get full(): boolean { return this.count === idsPerChunk; }

  /** `tag`: 16 hex digits that go with the id, or none. */
  add(hash: Uint32Array, offset: number, event: { readonly receivedAtMs: number; readonly timeMs: number }, tag: string): void {
    const { receivedAtMs, timeMs } = event;
    const at = this.count * wordsPerId;
    if (at + wordsPerId > this.#words.length) {
      const grown = new Uint32Array(Math.min(this.#words.length * 2, wordsPerId * idsPerChunk));
      grown.set(this.#words);
      this.#words = grown;
    }
    const words = this.#words;
    words[at] = hash[0] as number;
    words[at + 1] = hash[1] as number;
    words[at + 2] = hash[2] as number;
    const offsetHigh = Math.floor(offset / wordSize), receivedHigh = Math.floor(receivedAtMs / wordSize);
    words[at + 3] = offsetHigh;
    words[at + 4] = offset - offsetHigh * wordSize;
    words[at + 5] = receivedHigh;
    words[at + 6] = receivedAtMs - receivedHigh * wordSize;
    words[at + 7] = tagWord(tag, 0);
    words[at + 8] = tagWord(tag, 8);
    this.count++;
    if (receivedAtMs > this.highestReceivedMs) this.highestReceivedMs = receivedAtMs;
    if (timeMs > this.highestTimeMs) this.highestTimeMs = timeMs;
  }

  holds(index: number, hash: Uint32Array): boolean {
    const at = index * wordsPerId, words = this.#words;
    return words[at] === hash[0] && words[at + 1] === hash[1] && words[at + 2] === hash[2];
  }

  /** The word the index finds an id by. */
  fingerprint(index: number): number { return this.#words[index * wordsPerId] as number; }
  offset(index: number): number { return (this.#words[index * wordsPerId + 3] as number) * wordSize + (this.#words[index * wordsPerId + 4] as number); }
  receivedAtMs(index: number): number { return ((this.#words[index * wordsPerId + 5] as number) | 0) * wordSize + (this.#words[index * wordsPerId + 6] as number); }
  hasTag(index: number, tag: string): boolean { return this.#words[index * wordsPerId + 7] === tagWord(tag, 0) && this.#words[index * wordsPerId + 8] === tagWord(tag, 8); }

  /** Version, count, both highest times, then the words; little-endian. */
  encode(): Uint8Array {
    const bytes = new Uint8Array(headerBytes + this.count * wordsPerId * 4);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, formatVersion);
    view.setUint32(4, this.count, true);
    view.setFloat64(8, this.highestReceivedMs, true);
    view.setFloat64(16, this.highestTimeMs, true);
    for (let word = 0; word < this.count * wordsPerId; word++) view.setUint32(headerBytes + word * 4, this.#words[word] as number, true);
    return bytes;
  }

  static decode(bytes: Uint8Array): IdChunk {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint8(0) !== formatVersion) throw new RangeError(`ids of format ${view.getUint8(0)}, ${formatVersion} expected`);
    const chunk = new IdChunk();
    chunk.count = view.getUint32(4, true);
    chunk.highestReceivedMs = view.getFloat64(8, true);
    chunk.highestTimeMs = view.getFloat64(16, true);
    chunk.#words = new Uint32Array(Math.max(16, chunk.count) * wordsPerId);
    for (let word = 0; word < chunk.count * wordsPerId; word++) chunk.#words[word] = view.getUint32(headerBytes + word * 4, true);
    return chunk;
  }
}

const tagWord = (tag: string, from: number): number => (tag.length < from + 8 ? 0 : Number.parseInt(tag.slice(from, from + 8), 16) >>> 0);
