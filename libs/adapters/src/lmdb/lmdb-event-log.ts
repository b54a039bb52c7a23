import { open, type Database, type RootDatabase } from 'lmdb';
import { WeirError } from '@weir/contracts';
import { EventLog, type Clock, type LogRecord, type NewRecord, type Topic } from '@weir/ports';
import { commitFailure, ownBatches } from './commit-failure';
import { lockFolder } from './process-lock';
import { blockStart } from './block-start';
import { blockCount, blockTimeMs, decodeBlock, encodeBlock } from './record-block';

export interface LmdbEventLogOptions {
  /** A folder of its own; made where it is missing. */
  readonly path: string;
  readonly lanes: number;
  readonly clock: Clock;
  /** Offset of the first record of a lane of `transactions.raw` that has none yet; default 0. */
  readonly firstOffset?: number;
}

/** Records of one block at most: what waits behind a commit goes down together. */
const blockRecordsMax = 4_096;
/** Newest records kept decoded, so that the reader at the tail does not read what was just written. */
const tailRecordsMax = 32_768;
/** Appends that may wait for the commit under way. */
const appendsWaitingMax = 65_536;
const mapBytes = 1 << 30;

/** `copied`: the records with times of their own. */
interface Append { readonly records: readonly NewRecord[]; readonly copied?: readonly LogRecord[]; readonly done: (at: { firstOffset: number; appendedAtMs: number }) => void; readonly failed: (error: unknown) => void }

/** One topic of one lane: blocks by first offset, a queue of appends behind the commit under way, a decoded tail. */
class Partition {
  private readonly queue: Append[] = [];
  private readonly waiters = new Set<{ readonly offset: number; readonly wake: () => void }>();
  private committing: Promise<void> | undefined;
  private tail: LogRecord[] = [];
  /** Next offset to be written, and one past the last that is durable. */
  next: number;
  /** Append time of the last record, ms: a clock that is set back does not go back here. */
  private lastAppendedAtMs = -Infinity;
  /** The block read last: a reader that catches up asks for the rest of it next. */
  private lastRead: { readonly key: number; readonly records: readonly LogRecord[] } | undefined;

  constructor(private readonly blocks: Database<Buffer, number>, private readonly clock: Clock, firstOffset: number) {
    let next = firstOffset;
    for (const { key, value } of blocks.getRange({ reverse: true, limit: 1 })) {
      next = key + blockCount(value);
      this.lastAppendedAtMs = blockTimeMs(value);
    }
    this.next = next;
  }

  get first(): number {
    for (const key of this.blocks.getKeys({ limit: 1 })) return key;
    return this.next;
  }

  /** Records of another log with the time they were appended there, in one transaction. */
  copy(records: readonly LogRecord[]): Promise<void> {
    return new Promise((resolve, failed) => {
      this.queue.push({ records, copied: records, done: () => { resolve(); }, failed });
      this.committing ??= this.commitAll();
    });
  }

  append(records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    if (this.queue.length >= appendsWaitingMax) return Promise.reject(new WeirError('WEIR_LIMIT_REACHED', `${appendsWaitingMax} appends wait for the disk`, { retriable: true }));
    return new Promise((done, failed) => {
      this.queue.push({ records, done, failed });
      this.committing ??= this.commitAll();
    });
  }

  /** Commits until the queue is empty; what arrives meanwhile shares the next commit. */
  private async commitAll(): Promise<void> {
    await Promise.resolve();
    while (this.queue.length > 0) await this.commitNext();
    this.committing = undefined;
  }

  private async commitNext(): Promise<void> {
    const appends: Append[] = [];
    const records: NewRecord[] = [];
    while (this.queue.length > 0 && (appends.length === 0 || (appends[0]?.copied === undefined && this.queue[0]?.copied === undefined && records.length + (this.queue[0]?.records.length ?? 0) <= blockRecordsMax))) {
      const append = this.queue.shift() as Append;
      appends.push(append);
      for (const record of append.records) records.push(record);
    }
    const [{ copied } = { copied: undefined }] = appends, nowMs = Math.max(this.clock.nowMs(), this.lastAppendedAtMs), blocks = copied === undefined ? [{ appendedAtMs: nowMs, records }] : blocksByTime(copied, this.lastAppendedAtMs);
    let firstOffset = this.next;
    try {
      if (records.length > 0) await this.commit(blocks);
    } catch (cause) {
      const error = new WeirError('WEIR_LOG_FAILED', `appending ${records.length} records failed: ${await commitFailure(cause)}`, { cause, retriable: true });
      for (const append of appends) append.failed(error);
      return;
    }
    for (const append of appends) {
      append.done({ firstOffset, appendedAtMs: nowMs });
      firstOffset += append.records.length;
    }
    for (const waiter of this.waiters) if (waiter.offset < this.next) waiter.wake();
  }

  /** All blocks or none; durable when it resolves. */
  private async commit(blocks: readonly TimedBlock[]): Promise<void> {
    const [only] = blocks;
    let key = this.next;
    if (blocks.length === 1 && only !== undefined) await this.blocks.put(key, encodeBlock(only.records, only.appendedAtMs));
    else await this.blocks.transaction(() => { for (const block of blocks) { this.blocks.putSync(key, encodeBlock(block.records, block.appendedAtMs)); key += block.records.length; } });
    await this.blocks.flushed;
    for (const { records, appendedAtMs } of blocks) {
      this.remember(records, this.next, appendedAtMs);
      this.lastAppendedAtMs = appendedAtMs;
      this.next += records.length;
    }
  }

  private remember(records: readonly NewRecord[], firstOffset: number, appendedAtMs: number): void {
    if (this.tail.length > 2 * tailRecordsMax) this.tail = this.tail.slice(-tailRecordsMax);
    records.forEach((record, index) => { this.tail.push({ key: record.key, headers: record.headers, value: record.value, offset: firstOffset + index, appendedAtMs }); });
  }

  read(fromOffset: number, max: number): readonly LogRecord[] {
    const from = Math.max(fromOffset, 0);
    if (from >= this.next) return [];
    const tailFirst = this.tail[0]?.offset ?? this.next;
    if (from >= tailFirst) {
      // Who follows the log has what came before: kept longer, every record would grow old in memory before it goes.
      if (from > tailFirst) this.tail = this.tail.slice(from - tailFirst);
      return this.tail.slice(0, max);
    }
    const records: LogRecord[] = [];
    const { lastRead } = this;
    if (lastRead !== undefined && from >= lastRead.key && from < lastRead.key + lastRead.records.length) return lastRead.records.slice(from - lastRead.key, from - lastRead.key + max);
    for (const { key, value } of this.blocks.getRange({ start: blockStart(this.blocks, from), end: this.next })) {
      const block = decodeBlock(Buffer.from(value), key);
      this.lastRead = { key, records: block };
      for (const record of block) {
        if (record.offset >= from) records.push(record);
        if (records.length === max) return records;
      }
    }
    return records;
  }

  /** Whole blocks before the offset, in one transaction; never the last one, which says where to go on. */
  async forget(before: number): Promise<void> {
    const gone: number[] = [];
    let start: number | undefined;
    for (const key of this.blocks.getKeys({ end: before + 1 })) {
      if (start !== undefined) gone.push(start);
      start = key;
    }
    if (gone.length === 0) return;
    try {
      await this.blocks.transaction(() => { for (const key of gone) this.blocks.removeSync(key); });
    } catch (cause) {
      throw new WeirError('WEIR_LOG_FAILED', `forgetting ${gone.length} blocks failed: ${await commitFailure(cause)}`, { cause, retriable: true });
    }
  }

  wait(offset: number, timeoutMs: number): Promise<void> {
    if (offset < this.next) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = { offset, wake: () => { clearTimeout(timer); this.waiters.delete(waiter); resolve(); } };
      const timer = setTimeout(waiter.wake, timeoutMs);
      this.waiters.add(waiter);
    });
  }

  /** Blocks ascend in time as in offset: a binary search over offsets. */
  offsetAt(timeMs: number): number {
    let low = this.first;
    let high = this.next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const start = blockStart(this.blocks, middle);
      const block = this.blocks.get(start);
      if (block === undefined) return high;
      if (blockTimeMs(block) < timeMs) low = Math.max(middle + 1, start + blockCount(block)); else high = Math.min(middle, start);
    }
    return low;
  }

  close(): void { for (const waiter of [...this.waiters]) waiter.wake(); }
}

interface TimedBlock { readonly appendedAtMs: number; readonly records: readonly NewRecord[] }

/** Records that were appended at one time together; time does not go back. */
function blocksByTime(records: readonly LogRecord[], sinceMs: number): TimedBlock[] {
  const blocks: Array<{ readonly appendedAtMs: number; readonly records: LogRecord[] }> = [];
  for (const record of records) {
    const last = blocks.at(-1), appendedAtMs = Math.max(record.appendedAtMs, last?.appendedAtMs ?? sinceMs);
    if (last?.appendedAtMs === appendedAtMs && last.records.length < blockRecordsMax) last.records.push(record);
    else blocks.push({ appendedAtMs, records: [record] });
  }
  return blocks;
}

/** The log in an LMDB folder: appends are durable (synced) when they resolve, and those that arrive together share one sync. One process at a time. */
export class LmdbEventLog extends EventLog {
  readonly lanes: number;
  private readonly root: RootDatabase<Buffer, number>;
  private readonly lock: ReturnType<typeof lockFolder>;
  private readonly partitionByName = new Map<string, Partition>();

  constructor(private readonly options: LmdbEventLogOptions) {
    super();
    this.lanes = options.lanes;
    this.lock = lockFolder(options.path);
    this.root = open<Buffer, number>({ path: options.path, maxDbs: 256, mapSize: mapBytes, encoding: 'binary', compression: false, noMemInit: true, pageSize: 8_192, ...ownBatches });
  }

  private partition(topic: Topic, lane: number): Partition {
    if (!Number.isInteger(lane) || lane < 0 || lane >= this.lanes) throw new WeirError('WEIR_LOG_FAILED', `lane ${lane}: there are ${this.lanes}`);
    const name = `${topic}/${lane}`;
    let partition = this.partitionByName.get(name);
    if (partition === undefined) {
      partition = new Partition(this.root.openDB<Buffer, number>(name, { encoding: 'binary' }), this.options.clock, topic === 'transactions.raw' ? this.options.firstOffset ?? 0 : 0);
      this.partitionByName.set(name, partition);
    }
    return partition;
  }

  override append(topic: Topic, lane: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    return this.partition(topic, lane).append(records);
  }
  /** Records as they stood in another log, with the times they were appended there, all or none; durable when it resolves. @throws WeirError WEIR_LOG_FAILED, retriable. */
  copy(topic: Topic, lane: number, records: readonly LogRecord[]): Promise<void> { return records.length === 0 ? Promise.resolve() : this.partition(topic, lane).copy(records); }
  override read(topic: Topic, lane: number, fromOffset: number, max: number): Promise<readonly LogRecord[]> {
    return Promise.resolve(this.partition(topic, lane).read(fromOffset, max));
  }
  override wait(topic: Topic, lane: number, offset: number, timeoutMs: number): Promise<void> { return this.partition(topic, lane).wait(offset, timeoutMs); }
  override bounds(topic: Topic, lane: number): Promise<{ first: number; next: number }> {
    const { first, next } = this.partition(topic, lane);
    return Promise.resolve({ first, next });
  }
  override offsetAt(topic: Topic, lane: number, timeMs: number): Promise<number> { return Promise.resolve(this.partition(topic, lane).offsetAt(timeMs)); }
  override forget(topic: Topic, lane: number, before: number): Promise<void> { return this.partition(topic, lane).forget(before); }
  override async close(): Promise<void> {
    for (const partition of this.partitionByName.values()) partition.close();
    await this.root.close();
    this.lock.release();
  }
}
