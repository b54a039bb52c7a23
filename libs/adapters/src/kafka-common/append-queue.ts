import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';
import type { NewRecord } from '@weir/ports';

interface Append {
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  readonly done: (at: { firstOffset: number; appendedAtMs: number }) => void;
  readonly failed: (error: unknown) => void;
}

/** What waits behind a request under way goes together in the next, up to so much. */
const recordsPerRequestMax = 16_384;
const bytesPerRequestMax = 4 << 20;
/** What may wait at once. */
const appendsWaitingMax = 65_536;
const bytesWaitingMax = 256 << 20;
/** About what a record costs besides its value. */
const recordOverheadBytes = 70;

/** Appends to one partition: one request under way and `everyMs` between the beginnings of two, those that come meanwhile share the next. So order is the order of the calls, whatever is sent again. */
export class AppendQueue {
  #queue: Append[] = [];
  #bytesWaiting = 0;
  #sending: Promise<void> | undefined;
  #sentAtMs = -Infinity;

  constructor(private readonly send: (records: readonly NewRecord[]) => Promise<{ firstOffset: number; appendedAtMs: number }>, private readonly batchBytesMax: number, private readonly everyMs = 0) {}

  /** Every record of the append is in one batch, so all or none of it is written. */
  append(records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    const bytes = records.reduce((sum, record) => sum + recordOverheadBytes + record.value.length + (record.key?.length ?? 0), 0);
    if (bytes > this.batchBytesMax) return Promise.reject(new WeirError('WEIR_LIMIT_REACHED', `${bytes} bytes in one append, at most ${this.batchBytesMax}`));
    if (this.#queue.length >= appendsWaitingMax || this.#bytesWaiting + bytes > Math.max(bytesWaitingMax, this.batchBytesMax)) {
      return Promise.reject(new WeirError('WEIR_LIMIT_REACHED', `${this.#queue.length} appends with ${this.#bytesWaiting} bytes wait for the broker`, { retriable: true }));
    }
    return new Promise((done, failed) => {
      this.#queue.push({ records, bytes, done, failed });
      this.#bytesWaiting += bytes;
      this.#sending ??= this.#sendAll();
    });
  }

  /** Everything appended so far is written or has failed. */
  async empty(): Promise<void> { await this.#sending; }

  async #sendAll(): Promise<void> {
    // What is appended in the same turn shares a request.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const earlyMs = this.#sentAtMs + this.everyMs - performance.now();
      if (earlyMs > 0) await sleep(earlyMs);
      this.#sentAtMs = performance.now();
      await this.#sendNext();
    }
    this.#sending = undefined;
  }

  async #sendNext(): Promise<void> {
    let count = 0, records = 0, bytes = 0;
    for (const append of this.#queue) {
      if (count > 0 && (records + append.records.length > recordsPerRequestMax || bytes + append.bytes > bytesPerRequestMax)) break;
      count += 1;
      records += append.records.length;
      bytes += append.bytes;
    }
    const appends = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    this.#bytesWaiting -= bytes;
    try {
      const at = await this.send(appends.length === 1 ? (appends[0] as Append).records : appends.flatMap((append) => append.records));
      let firstOffset = at.firstOffset;
      for (const append of appends) {
        append.done({ firstOffset, appendedAtMs: at.appendedAtMs });
        firstOffset += append.records.length;
      }
    } catch (error) {
      for (const append of appends) append.failed(error);
    }
  }
}
