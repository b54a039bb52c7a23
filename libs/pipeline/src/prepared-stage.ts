import type { LaneItem } from '@weir/contracts';
import type { Stage, StageState } from './stage';

/** Something that has to be there before a stage may take some items. */
export interface Preparation {
  /** Whether anything is to be prepared in this batch; asked for every batch. */
  concerns(batch: readonly LaneItem[]): boolean;
  /** Resolves when the items from `from` up to the index it gives, at least one, may be taken together. */
  prepare(batch: readonly LaneItem[], from: number): Promise<number>;
}

/** A stage whose batches are cut and wait where something has to be prepared first; all others pass as they are. */
export class PreparedStage implements Stage<LaneItem, LaneItem> {
  readonly name: string;

  constructor(private readonly inner: Stage<LaneItem, LaneItem>, private readonly preparations: readonly Preparation[]) { this.name = inner.name; }

  process(batch: readonly LaneItem[]): LaneItem[] | Promise<LaneItem[]> {
    const concerned = this.preparations.filter((each) => each.concerns(batch));
    return concerned.length === 0 ? this.inner.process(batch) : this.inParts(batch, concerned);
  }

  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> { return this.inner.takeChanges(); }
  restore(state: StageState): Promise<void> { return this.inner.restore(state); }
  simulate(input: LaneItem): LaneItem | Promise<LaneItem> { return this.inner.simulate(input); }

  private async inParts(batch: readonly LaneItem[], preparations: readonly Preparation[]): Promise<LaneItem[]> {
    const out: LaneItem[] = [];
    for (let from = 0; from < batch.length; ) {
      let until = batch.length;
      for (const each of preparations) until = Math.min(until, await each.prepare(batch, from));
      for (const item of await this.inner.process(batch.slice(from, until))) out.push(item);
      from = until;
    }
    return out;
  }
}
