import type { LogRecord } from '@weir/ports';
import { OffsetOutOfRange, type PartitionFetcher } from './kafka-driver';

/** How long a fetch waits at the broker for a record. Someone who waits longer waits for several. */
const pollMs = 500;
/** A fetch that fails while somebody waits is tried again after this. */
const pauseAfterFailureMs = 200;
/** An offset that is past the end is asked for again after this. */
const pauseAtNothingMs = 20;

interface Waiter { readonly offset: number; readonly wake: () => void }

/** What a cursor asks of the log beside fetching. */
export interface CursorLog {
  open(): PartitionFetcher;
  bounds(): Promise<{ first: number; next: number }>;
}

/**
 * One place in a partition that somebody reads on from: what was fetched and not read yet, and the fetch for what comes next, which is under way while
 * the reader works on what it has. Bounded by one fetch read and one fetch ahead.
 */
export class PartitionCursor {
  #records: readonly LogRecord[] = [];
  #head = 0;
  /** Where the reader goes on, and where the next fetch begins: offsets between the two that are not in `#records` do not exist. */
  #from: number;
  #next: number;
  #fetcher: PartitionFetcher | undefined;
  #fetching: Promise<void> | undefined;
  #ahead: { readonly records: readonly LogRecord[]; readonly next: number } | undefined;
  readonly #waiters = new Set<Waiter>();
  #polling = false;
  #reading = false;
  #closed = false;

  constructor(private readonly log: CursorLog, fromOffset: number) {
    this.#from = this.#next = fromOffset;
  }

  /** Whether nobody waits or reads here. */
  get idle(): boolean { return this.#waiters.size === 0 && !this.#reading; }

  /** Whether a read from there goes on here without fetching anything twice. */
  standsAt(offset: number): boolean { return !this.#reading && offset >= this.#from && offset <= (this.#ahead?.next ?? this.#next); }

  /** Whether the record would be noticed here. */
  looksAt(offset: number): boolean { return this.#has(offset) || (this.#ahead === undefined && offset >= this.#from && offset <= this.#next); }

  /** From the offset on, where `standsAt` holds. One at a time. */
  async read(offset: number, max: number): Promise<readonly LogRecord[]> {
    this.#reading = true;
    try {
      return await this.#readFrom(offset, max);
    } finally {
      this.#reading = false;
    }
  }

  async #readFrom(offset: number, max: number): Promise<readonly LogRecord[]> {
    for (;;) {
      const records = this.#take(offset, max);
      if (records.length > 0) return records;
      if (this.#ahead !== undefined) { this.#useAhead(); continue; }
      if (this.#closed) return [];
      if (this.#fetching !== undefined) {
        // A fetch may wait for a record that is not there; ask whether it would wait in vain.
        const { next } = await this.log.bounds();
        if (this.#ahead === undefined && next <= this.#next) return [];
        await this.#fetching;
        continue;
      }
      await (this.#fetching = this.#fetch(0));
      if (this.#ahead === undefined) return [];
    }
  }

  /** Resolves once a record at or past the offset is here, or after the time. */
  wait(offset: number, timeoutMs: number): Promise<void> {
    if (this.#closed || this.#has(offset)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        offset,
        wake: () => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      const timer = setTimeout(waiter.wake, timeoutMs);
      this.#waiters.add(waiter);
      if (!this.#polling) void this.#poll();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.wake();
    await this.#fetcher?.close().catch(() => undefined);
    await this.#fetching?.catch(() => undefined);
  }

  #has(offset: number): boolean {
    const last = this.#ahead?.records.at(-1) ?? this.#records.at(-1);
    return last !== undefined && last.offset >= offset;
  }

  #take(offset: number, max: number): readonly LogRecord[] {
    while (this.#head < this.#records.length && (this.#records[this.#head] as LogRecord).offset < offset) this.#head += 1;
    const taken = this.#records.slice(this.#head, this.#head + max);
    this.#head += taken.length;
    this.#from = taken.length > 0 ? (taken.at(-1) as LogRecord).offset + 1 : Math.max(this.#from, offset);
    return taken;
  }

  #useAhead(): void {
    if (this.#ahead === undefined) return;
    this.#records = this.#ahead.records;
    this.#next = this.#ahead.next;
    this.#head = 0;
    this.#ahead = undefined;
    this.#fetchAhead();
  }

  #fetchAhead(): void {
    if (this.#ahead !== undefined || this.#fetching !== undefined || this.#closed) return;
    this.#fetching = this.#fetch(pollMs);
    // What failed ahead fails again when it is asked for.
    this.#fetching.catch(() => undefined);
  }

  /** Fetches what comes next, into `#ahead`. */
  async #fetch(waitMs: number): Promise<void> {
    try {
      this.#fetcher ??= this.log.open();
      const fetched = await this.#fetchFrom(this.#fetcher, this.#next, waitMs);
      if (fetched.records.length > 0 || fetched.next > this.#next) this.#ahead = fetched;
    } catch (error) {
      // A connection that failed is not used again.
      const fetcher = this.#fetcher;
      this.#fetcher = undefined;
      await fetcher?.close().catch(() => undefined);
      throw error;
    } finally {
      this.#fetching = undefined;
    }
    for (const waiter of this.#waiters) if (this.#has(waiter.offset)) waiter.wake();
  }

  async #fetchFrom(fetcher: PartitionFetcher, offset: number, waitMs: number): Promise<{ readonly records: readonly LogRecord[]; readonly next: number }> {
    try {
      return await fetcher.fetch(offset, waitMs);
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error;
      const { first } = await this.log.bounds();
      // Deleted: go on where the log begins. Past the end: nothing yet, and the broker does not wait for it.
      if (offset < first) return fetcher.fetch(first, 0);
      if (waitMs > 0) await pause(Math.min(waitMs, pauseAtNothingMs));
      return { records: [], next: offset };
    }
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiters.size > 0 && !this.#closed && this.#ahead === undefined) {
      try {
        await (this.#fetching ??= this.#fetch(pollMs));
      } catch {
        await pause(pauseAfterFailureMs);
      }
    }
    this.#polling = false;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
