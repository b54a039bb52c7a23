import type { Database } from 'lmdb';
import { hashText } from './text-hash';

/** Ids kept in memory before they are written as one run. */
export const runIdsMax = 65_536;
const pagesPerRun = 256;
const entryBytes = 12;
const throughKey = [-1, 0];

export type IndexDatabase = Database<Buffer, number[]>;

/**
 * From a transaction's id to the offsets that may have it. New ids are gathered in memory and go down as runs of 256 pages by hash, for a put per id at a random key would cost
 * ten times what the decision costs. What is in memory only is read back from the decisions at the start.
 */
export class TransactionIndex {
  /** What is in memory: hash and offset of each id, as they came. */
  #hashes: Uint32Array;
  #offsets: Float64Array;
  #count = 0;
  #run = 0;
  /** Decisions up to this offset are in runs; -1 for none. */
  through: number;

  constructor(private readonly database: IndexDatabase, private readonly idsPerRun: number) {
    const written = database.get(throughKey);
    this.through = written?.readDoubleLE(0) ?? -1;
    this.#run = written?.readUInt32LE(8) ?? 0;
    this.#hashes = new Uint32Array(idsPerRun);
    this.#offsets = new Float64Array(idsPerRun);
  }

  /** Ids in memory. */
  get count(): number { return this.#count; }

  /** Takes the hash of an id. True when a run is due. */
  add(hash: number, offset: number): boolean {
    if (this.#count === this.#hashes.length) this.#grow();
    this.#hashes[this.#count] = hash;
    this.#offsets[this.#count++] = offset;
    return this.#count >= this.idsPerRun;
  }

  /** Takes back what was added since there were so many. */
  takeBack(count: number): void { this.#count = count; }

  /** Puts all that is in memory into a run; to be called in a transaction. */
  writeRun(through: number): void {
    const starts = new Uint32Array(pagesPerRun + 1);
    for (let at = 0; at < this.#count; at++) starts[((this.#hashes[at] as number) >>> 24) + 1] = (starts[((this.#hashes[at] as number) >>> 24) + 1] as number) + 1;
    for (let page = 0; page < pagesPerRun; page++) starts[page + 1] = (starts[page + 1] as number) + (starts[page] as number);
    const bytes = Buffer.allocUnsafe(this.#count * entryBytes), next = starts.slice();
    for (let at = 0; at < this.#count; at++) {
      const hash = this.#hashes[at] as number, page = hash >>> 24, place = next[page] as number;
      next[page] = place + 1;
      bytes.writeDoubleLE(this.#offsets[at] as number, bytes.writeUInt32LE(hash, place * entryBytes));
    }
    for (let page = 0; page < pagesPerRun; page++) {
      const from = (starts[page] as number) * entryBytes, to = (starts[page + 1] as number) * entryBytes;
      if (to > from) this.database.putSync([page, this.#run], bytes.subarray(from, to));
    }
    const at = Buffer.alloc(12);
    at.writeUInt32LE(this.#run + 1, at.writeDoubleLE(through, 0));
    this.database.putSync(throughKey, at);
  }

  /** The run is durable. */
  runWritten(through: number): void {
    this.#count = 0;
    this.#run++;
    this.through = through;
  }

  #grow(): void {
    const hashes = new Uint32Array(2 * this.#count), offsets = new Float64Array(2 * this.#count);
    hashes.set(this.#hashes);
    offsets.set(this.#offsets);
    this.#hashes = hashes;
    this.#offsets = offsets;
  }

  /** Offsets that may have the id, newest first. */
  find(transactionId: string): number[] {
    const hash = hashText(transactionId), offsets: number[] = [];
    for (let at = this.#hashes.indexOf(hash); at >= 0 && at < this.#count; at = this.#hashes.indexOf(hash, at + 1)) offsets.push(this.#offsets[at] as number);
    for (const { value } of this.database.getRange({ start: [hash >>> 24, 0], end: [(hash >>> 24) + 1, 0] })) {
      for (let at = 0; at < value.length; at += entryBytes) if (value.readUInt32LE(at) === hash) offsets.push(value.readDoubleLE(at + 4));
    }
    return offsets.sort((left, right) => right - left);
  }
}
