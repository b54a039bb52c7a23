import type { LmdbOutcomeLog } from '@weir/adapters/lmdb';
import type { Sink, TakenBatch } from '@weir/pipeline';
import { OutcomePacker } from './outcome-block';

/** Records whose outcomes wait in memory for the next checkpoint at most; about a byte each. */
const waitingMax = 131_072;

/**
 * Keeps what became of each record until history has it. All else that history holds is in the log and the decision store already, where another
 * thread reads it: this is the whole price that the lanes pay. Durable at each checkpoint, so that nothing the state has passed is missing.
 */
export class OutcomeSink implements Sink<'full'> {
  readonly name = 'history';
  private readonly packer = new OutcomePacker();
  private first = 0;
  /** Taken and not durable yet: a write that failed is made again. */
  private block: { readonly first: number; readonly count: number; readonly bytes: Buffer } | undefined;
  private flushing: Promise<void> = Promise.resolve();

  /** `entitiesOf`: entities of an event by its offset, `type:key` each. `written`: more is there to be read. */
  constructor(private readonly lane: number, private readonly log: LmdbOutcomeLog, private readonly options: { readonly entitiesOf: (batch: TakenBatch, offset: number) => readonly string[]; readonly written: () => void }) {}

  position(): Promise<number> { return Promise.resolve(this.log.last(this.lane)); }

  take(batch: TakenBatch): 'full' | undefined {
    if (this.packer.count === 0) this.first = batch.records[0]?.offset ?? 0;
    for (let index = 0; index < batch.records.length; index++) {
      const { offset } = batch.records[index] ?? { offset: -1 };
      this.packer.add(batch.outcomes[index], () => this.options.entitiesOf(batch, offset));
    }
    return this.packer.count >= waitingMax ? 'full' : undefined;
  }

  write(): Promise<void> { return this.flush(); }

  flush(): Promise<void> { return (this.flushing = this.flushing.catch(() => undefined).then(() => this.flushAll())); }

  private async flushAll(): Promise<void> {
    for (;;) {
      const { count } = this.packer;
      if (this.block === undefined) {
        if (count === 0) return;
        this.block = { first: this.first, count, bytes: Buffer.from(this.packer.take()) };
      }
      await this.log.append(this.lane, this.block);
      this.block = undefined;
      this.options.written();
    }
  }
}
