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
  /** One offset as it is, several as a list: nearly every id comes once. */
  readonly #recent = new Map<string, number | number[]>();
  #recentCount = 0;
  #run = 0;
  /** Decisions up to this offset are in runs; -1 for none. */
  through: number;

  constructor(private readonly database: IndexDatabase, private readonly idsPerRun: number) {
    const written = database.get(throughKey);
    this.through = written?.readDoubleLE(0) ?? -1;
    this.#run = written?.readUInt32LE(8) ?? 0;
  }

  /** True when a run is due. */
  add(transactionId: string, offset: number): boolean {
    const known = this.#recent.get(transactionId);
    if (known === undefined) this.#recent.set(transactionId, offset);
    else if (typeof known === 'number') this.#recent.set(transactionId, [known, offset]);
    else known.push(offset);
    return ++this.#recentCount >= this.idsPerRun;
  }

  /** Puts all that is in memory into a run; to be called in a transaction. */
  writeRun(through: number): void {
    const pages = Array.from({ length: pagesPerRun }, (): Array<readonly [hash: number, offset: number]> => []);
    for (const [id, offsets] of this.#recent) {
      const hash = hashText(id);
      for (const offset of typeof offsets === 'number' ? [offsets] : offsets) pages[hash >>> 24]?.push([hash, offset]);
    }
    pages.forEach((page, prefix) => {
      if (page.length === 0) return;
      const bytes = Buffer.allocUnsafe(page.length * entryBytes);
      page.forEach(([hash, offset], index) => bytes.writeDoubleLE(offset, bytes.writeUInt32LE(hash, index * entryBytes)));
      this.database.putSync([prefix, this.#run], bytes);
    });
    const at = Buffer.alloc(12);
    at.writeUInt32LE(this.#run + 1, at.writeDoubleLE(through, 0));
    this.database.putSync(throughKey, at);
  }

  /** The run is durable. */
  runWritten(through: number): void {
    this.#recent.clear();
    this.#recentCount = 0;
    this.#run++;
    this.through = through;
  }

  /** Offsets that may have the id, newest first. */
  find(transactionId: string): number[] {
    const hash = hashText(transactionId), recent = this.#recent.get(transactionId) ?? [];
    const offsets = typeof recent === 'number' ? [recent] : [...recent];
    for (const { value } of this.database.getRange({ start: [hash >>> 24, 0], end: [(hash >>> 24) + 1, 0] })) {
      for (let at = 0; at < value.length; at += entryBytes) if (value.readUInt32LE(at) === hash) offsets.push(value.readDoubleLE(at + 4));
    }
    return offsets.sort((left, right) => right - left);
  }
}
