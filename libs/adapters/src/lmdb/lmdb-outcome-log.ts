import { WeirError } from '@weir/contracts';
import { open, type RootDatabase } from 'lmdb';
import { commitFailure, ownBatches } from './commit-failure';

/** Consecutive records of a lane, from `first` on, in some encoding of whoever writes them. */
export interface OutcomeBlock { readonly first: number; readonly count: number; readonly bytes: Buffer }

const headBytes = 4;

/** What ingest said of each record, until history has it: blocks by lane and first offset. Written by one thread, read and cleared by another. */
export class LmdbOutcomeLog {
  readonly #root: RootDatabase<Buffer, [number, number]>;

  constructor(path: string) {
    this.#root = open<Buffer, [number, number]>({ path, encoding: 'binary', overlappingSync: false, noMemInit: true, ...ownBatches });
  }

  /** Durable when it resolves. @throws WeirError WEIR_STORE_FAILED, retriable. */
  async append(lane: number, { first, count, bytes }: OutcomeBlock): Promise<void> {
    const head = Buffer.alloc(headBytes);
    head.writeUInt32LE(count);
    try {
      await this.#root.put([lane, first], Buffer.concat([head, bytes]));
    } catch (cause) {
      throw new WeirError('WEIR_STORE_FAILED', `keeping the outcomes of ${count} records failed: ${await commitFailure(cause)}`, { cause, retriable: true });
    }
  }

  /** Offset of the last record; -1 for none. */
  last(lane: number): number {
    for (const { key, value } of this.#root.getRange({ start: [lane, Number.MAX_SAFE_INTEGER], end: [lane, -1], reverse: true, limit: 1 })) return key[1] + value.readUInt32LE(0) - 1;
    return -1;
  }

  /** The block that holds the offset, else the first one behind it. */
  at(lane: number, offset: number): OutcomeBlock | undefined {
    for (const { key, value } of this.#root.getRange({ start: [lane, offset], end: [lane, -1], reverse: true, limit: 1 })) {
      if (key[1] + value.readUInt32LE(0) > offset) return blockOf(key[1], value);
    }
    for (const { key, value } of this.#root.getRange({ start: [lane, offset + 1], end: [lane + 1, 0], limit: 1 })) return blockOf(key[1], value);
    return undefined;
  }

  /** Forgets blocks that end before the offset; the newest always stays. @throws WeirError WEIR_STORE_FAILED, retriable. */
  async forget(lane: number, before: number): Promise<void> {
    const newest = this.last(lane), gone: Array<[number, number]> = [];
    for (const { key, value } of this.#root.getRange({ start: [lane, 0], end: [lane, before] })) {
      const end = key[1] + value.readUInt32LE(0);
      if (end <= before && end <= newest) gone.push(key);
    }
    if (gone.length === 0) return;
    try {
      await this.#root.transaction(() => { for (const key of gone) this.#root.removeSync(key); });
    } catch (cause) {
      throw new WeirError('WEIR_STORE_FAILED', `forgetting outcomes failed: ${await commitFailure(cause)}`, { cause, retriable: true });
    }
  }

  close(): Promise<void> { return this.#root.close(); }
}

const blockOf = (first: number, value: Buffer): OutcomeBlock => ({ first, count: value.readUInt32LE(0), bytes: Buffer.from(value.subarray(headBytes)) });
