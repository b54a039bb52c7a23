import type { Sink, TakenBatch } from './sink';

/** Hands batches to one sink in order, one call at a time; while it writes, what it took of those that come is gathered for the next call. */
export class SinkQueue {
  #waiting: unknown[] = [];
  #settle: Array<{ resolve: () => void; reject: (error: unknown) => void }> = [];
  #writing = false;
  /** The write that was asked for last. */
  #last: Promise<void> = Promise.resolve();

  constructor(readonly sink: Sink, readonly durable: number, private readonly attempt: (work: () => Promise<void>) => Promise<void>) {}

  /** The sink takes of the batch what it needs before this returns; resolves when that, and all that it took before, is written. Bounded by the runner's batches in flight. */
  write(batch: TakenBatch): Promise<void> {
    const wanted = this.#unwritten(batch);
    const taken = wanted === undefined ? undefined : this.sink.take(wanted);
    return taken === undefined ? this.#last : (this.#last = this.#written(taken));
  }

  async flush(): Promise<void> {
    const { sink } = this;
    if (sink.flush !== undefined) await this.attempt(() => sink.flush?.() ?? Promise.resolve());
  }

  #written(taken: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(taken);
      this.#settle.push({ resolve, reject });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const taken = this.#waiting, settle = this.#settle;
      this.#waiting = [];
      this.#settle = [];
      try {
        await this.attempt(() => this.sink.write(taken));
        for (const each of settle) each.resolve();
      } catch (error) {
        for (const each of settle) each.reject(error);
      }
    }
    this.#writing = false;
  }

  /** The part of the batch that the sink did not have before this run. */
  #unwritten(batch: TakenBatch): TakenBatch | undefined {
    const first = batch.records[0], last = batch.records.at(-1);
    if (first === undefined || last === undefined || last.offset <= this.durable) return undefined;
    if (first.offset > this.durable) return batch;
    const skip = batch.records.findIndex((record) => record.offset > this.durable);
    const { made: _ofTheWhole, ...rest } = batch;
    return { ...rest, records: batch.records.slice(skip), outcomes: batch.outcomes.slice(skip) };
  }
}
