import { WeirError } from '@weir/contracts';
import { EventLog, OnlineStore, type LogRecord, type NewRecord, type SyncOnlineStore, type Topic } from '@weir/ports';
import type { Sink, TakenBatch } from '@weir/pipeline';
import type { MemoryOnlineStore } from '@weir/adapters/memory';

/** Decides at each step of a run what goes wrong there. */
export class Faults {
  step = 0;
  /** A crash: nothing more is done after it. */
  crashed = false;

  constructor(private readonly crashAt: number, private readonly retriableAt: ReadonlySet<number> = new Set()) {}

  /** A place where the process may die, or a call may fail for now. */
  at(): void {
    this.step++;
    if (this.crashed || this.step === this.crashAt) {
      this.crashed = true;
      throw new Error(`crash at step ${this.step}`);
    }
    if (this.retriableAt.has(this.step)) throw new WeirError('WEIR_STORE_FAILED', `passing fault at step ${this.step}`, { retriable: true });
  }
}

/** A log whose reads may fail. */
export class FaultyLog extends EventLog {
  override readonly lanes: number;
  constructor(private readonly log: EventLog, private readonly faults: Faults) {
    super();
    this.lanes = log.lanes;
  }
  override append(topic: Topic, lane: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> { return this.log.append(topic, lane, records); }
  override async read(topic: Topic, lane: number, fromOffset: number, max: number): Promise<readonly LogRecord[]> {
    this.faults.at();
    return this.log.read(topic, lane, fromOffset, max);
  }
  override wait(topic: Topic, lane: number, offset: number): Promise<void> { return this.log.wait(topic, lane, offset, 1); }
  override bounds(topic: Topic, lane: number): Promise<{ first: number; next: number }> { return this.log.bounds(topic, lane); }
  override offsetAt(topic: Topic, lane: number, timeMs: number): Promise<number> { return this.log.offsetAt(topic, lane, timeMs); }
  override close(): Promise<void> { return Promise.resolve(); }
}

/** A store that may fail before or after it published. */
export class FaultyStore extends OnlineStore implements SyncOnlineStore {
  constructor(private readonly store: MemoryOnlineStore, private readonly faults: Faults) { super(); }
  override async publish(lane: number, position: number, changes: Iterable<readonly [key: string, value: Uint8Array | undefined]>): Promise<void> {
    this.faults.at();
    await this.store.publish(lane, position, changes);
    if (this.faults.step % 2 === 0) this.faults.at();
  }
  override position(lane: number): Promise<number> { return this.store.position(lane); }
  override read(lane: number, keys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>> { return this.store.read(lane, keys); }
  override readWithPosition(lanes: readonly number[], keys: readonly string[]): ReturnType<OnlineStore['readWithPosition']> { return this.store.readWithPosition(lanes, keys); }
  override scan(lane: number, prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]> { return this.store.scan(lane, prefix); }
  override clear(lane: number): Promise<void> { return this.store.clear(lane); }
  override close(): Promise<void> { return Promise.resolve(); }
  readSync(lane: number, keys: readonly string[]): ReadonlyArray<Uint8Array | undefined> { return this.store.readSync(lane, keys); }
  scanSync(lane: number, prefix: string): Iterable<readonly [key: string, value: Uint8Array]> { return this.store.scanSync(lane, prefix); }
}

/** What outlives a process: the lines that a sink made durable, by the origin they are of. */
export interface Durable { readonly lines: Array<readonly [offset: number, line: string]> }

/** A sink that is durable batch by batch, and may die before, between or after them. */
export class DurableSink implements Sink<TakenBatch> {
  readonly #before: number;
  constructor(readonly name: string, private readonly durable: Durable, private readonly faults: Faults) {
    this.#before = durable.lines.at(-1)?.[0] ?? -1;
  }
  position(): Promise<number> { return Promise.resolve(this.#before); }
  take(batch: TakenBatch): TakenBatch { return batch; }
  async write(batches: readonly TakenBatch[]): Promise<void> {
    for (const batch of batches) {
      if ((batch.records[0]?.offset ?? 0) <= this.#before) throw new Error(`${this.name} had ${this.#before} and was given ${batch.records[0]?.offset} again`);
      this.faults.at();
      await Promise.resolve();
      this.#store(batch);
    }
    this.faults.at();
  }
  #store(batch: TakenBatch): void {
    const last = this.durable.lines.at(-1)?.[0] ?? -1;
    batch.outcomes.forEach((outcome) => {
      // A call that failed for now is made again: what it stored before it failed is known by its origin.
      if (outcome.offset > last) this.durable.lines.push([outcome.offset, describe(outcome)]);
    });
  }
}

/** All that an outcome says, as one line. */
export const describe = (outcome: TakenBatch['outcomes'][number]): string =>
  JSON.stringify(outcome, (_, value: unknown) => (value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)].sort() : value));
