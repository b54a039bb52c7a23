import { WeirError } from '@weir/contracts';
import { EventLog, type Clock, type LogRecord, type NewRecord, type Topic } from '@weir/ports';

/** Waiters on one end of a log; more than this at once is a leak of ours. */
const waitersMax = 10_000;

interface Partition { readonly records: LogRecord[]; readonly waiters: Set<() => void> }

export interface MemoryEventLogOptions {
  readonly lanes?: number;
  readonly clock: Clock;
  /** Records per topic and lane; a further append fails. */
  readonly recordsMax?: number;
}

/** A log for tests, files and one process that may forget: everything in memory, gone with the object. */
export class MemoryEventLog extends EventLog {
  override readonly lanes: number;
  readonly #clock: Clock;
  readonly #recordsMax: number;
  readonly #partitions = new Map<string, Partition>();
  #closed = false;

  constructor(options: MemoryEventLogOptions) {
    super();
    this.lanes = options.lanes ?? 1;
    this.#clock = options.clock;
    this.#recordsMax = options.recordsMax ?? 50_000_000;
  }

  override append(topic: Topic, lane: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    if (this.#closed) return Promise.reject(new WeirError('WEIR_LOG_FAILED', 'the log is closed'));
    const partition = this.#partition(topic, lane);
    const firstOffset = partition.records.length;
    if (firstOffset + records.length > this.#recordsMax) return Promise.reject(new WeirError('WEIR_LIMIT_REACHED', `${topic} lane ${lane} holds ${firstOffset} records, at most ${this.#recordsMax}`));
    const appendedAtMs = Math.max(this.#clock.nowMs(), partition.records.at(-1)?.appendedAtMs ?? -Infinity);
    records.forEach((record, index) => partition.records.push({ offset: firstOffset + index, appendedAtMs, key: record.key, headers: record.headers, value: record.value }));
    for (const wake of [...partition.waiters]) wake();
    return Promise.resolve({ firstOffset, appendedAtMs });
  }

  override read(topic: Topic, lane: number, fromOffset: number, max: number): Promise<readonly LogRecord[]> {
    return Promise.resolve(this.#partition(topic, lane).records.slice(fromOffset, fromOffset + max));
  }

  override wait(topic: Topic, lane: number, offset: number, timeoutMs: number): Promise<void> {
    const partition = this.#partition(topic, lane);
    if (this.#closed || offset < partition.records.length) return Promise.resolve();
    if (partition.waiters.size >= waitersMax) return Promise.reject(new WeirError('WEIR_LIMIT_REACHED', `${waitersMax} wait for ${topic} lane ${lane}`));
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        partition.waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      partition.waiters.add(wake);
    });
  }

  override bounds(topic: Topic, lane: number): Promise<{ first: number; next: number }> {
    return Promise.resolve({ first: 0, next: this.#partition(topic, lane).records.length });
  }

  override offsetAt(topic: Topic, lane: number, timeMs: number): Promise<number> {
    const { records } = this.#partition(topic, lane);
    let low = 0, high = records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((records[middle] as LogRecord).appendedAtMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return Promise.resolve(low);
  }

  override close(): Promise<void> {
    this.#closed = true;
    for (const partition of this.#partitions.values()) for (const wake of [...partition.waiters]) wake();
    return Promise.resolve();
  }

  #partition(topic: Topic, lane: number): Partition {
    if (!Number.isInteger(lane) || lane < 0 || lane >= this.lanes) throw new WeirError('WEIR_LOG_FAILED', `lane ${lane} of ${this.lanes}`);
    const name = `${topic}/${lane}`;
    let partition = this.#partitions.get(name);
    if (partition === undefined) this.#partitions.set(name, (partition = { records: [], waiters: new Set() }));
    return partition;
  }
}
