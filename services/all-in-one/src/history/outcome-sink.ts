import type { LmdbOutcomeLog } from '@weir/adapters/lmdb';
import type { Sink, TakenBatch } from '@weir/pipeline';
import { OutcomePacker } from './outcome-block';

/** Records whose outcomes wait in memory for the next checkpoint at most; about a byte each. */
const waitingMax = 131_072;

/**
 * Keeps what became of each record until history has it. All else that history holds is in the log and the decision store already, where another
 * thread reads it: this is the whole price that the lanes pay. Durable at each checkpoint, so that nothing the state has passed is missing.
 */
export class OutcomeSink implements Sink {
  readonly name = 'history';
  private readonly packer = new OutcomePacker();
  private first = 0;

  /** `entitiesOf`: entities of an event by its offset, `type:key` each. `written`: more is there to be read. */
  constructor(private readonly lane: number, private readonly log: LmdbOutcomeLog, private readonly options: { readonly entitiesOf: (batch: TakenBatch, offset: number) => readonly string[]; readonly written: () => void }) {}

  position(): Promise<number> { return Promise.resolve(this.log.last(this.lane)); }

  async write(batches: readonly TakenBatch[]): Promise<void> {
    for (const batch of batches) {
      if (this.packer.count === 0) this.first = batch.records[0]?.offset ?? 0;
      for (let index = 0; index < batch.records.length; index++) {
        const { offset } = batch.records[index] ?? { offset: -1 };
        this.packer.add(batch.outcomes[index], () => this.options.entitiesOf(batch, offset));
      }
    }
    if (this.packer.count >= waitingMax) await this.flush();
  }

  async flush(): Promise<void> {
    const { count } = this.packer;
    if (count === 0) return;
    await this.log.append(this.lane, { first: this.first, count, bytes: Buffer.from(this.packer.take()) });
    this.options.written();
  }
}
