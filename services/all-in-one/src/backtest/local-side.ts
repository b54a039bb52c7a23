import type { RawRecord, Verdict } from '@weir/contracts';
import { runOffline, type OfflineBatch, type Outcome } from '@weir/pipeline';
import type { Stages } from '../chain';
import { withSet } from '../replay/followed-stages';
import type { LabelBook } from './label-book';
import type { DecisionDetail, Side, SideBatch, SideTotals } from './side-batch';
import { SideTally, type SideView } from './side-tally';
import { StoredComparison, type Replayed, type StoredDecisionsOptions } from './stored-comparison';

/** Records a batch; both sides of a back-test use it, so that their batches are of the same records. Small, for a batch is alive as a whole until both sides are compared. */
export const sideBatchMax = 256;

export interface LocalSideOptions extends SideView {
  readonly stages: Stages;
  readonly records: Iterable<RawRecord> | AsyncIterable<RawRecord>;
  /** Stands in for every set of the log. */
  readonly replaceWith?: { readonly setId: string; readonly json: string } | undefined;
  readonly labels: LabelBook;
  readonly stored?: StoredDecisionsOptions | undefined;
}

/** A side in this thread: the whole way of every record. */
export class LocalSide implements Side {
  private readonly batches: AsyncGenerator<OfflineBatch, void, undefined>;
  private readonly tally: SideTally;
  private readonly stored: StoredComparison | undefined;

  constructor(private readonly options: LocalSideOptions) {
    const { stages, records, replaceWith } = options;
    this.batches = runOffline(stages, replaceWith === undefined ? records : replaced(records, replaceWith), { batchMax: sideBatchMax });
    this.tally = new SideTally(options, options.labels);
    this.stored = options.stored && new StoredComparison(options.stored, (eventTimeMs) => this.tally.isInRange(eventTimeMs));
  }

  async next(): Promise<SideBatch | undefined> {
    const { value } = await this.batches.next();
    if (!value) {
      await this.stored?.end();
      return undefined;
    }
    const batch = this.tally.take(value.records.length, value.outcomes);
    await this.stored?.pass(value.records);
    await this.stored?.compare(replayedOf(this.tally, value.outcomes));
    return batch;
  }

  details(offsets: readonly number[]): Promise<readonly DecisionDetail[]> { return Promise.resolve(this.tally.details(offsets)); }

  totals(): Promise<SideTotals> { return Promise.resolve(this.tally.totals(this.stored?.totals)); }

  async close(): Promise<void> {
    await this.batches.return();
    await this.options.stages.scoring.close();
  }
}

/** What a replay gives in the place of each stored decision: a verdict, or (undefined) a refusal, or a record that nobody decides. */
export function replayedOf(tally: SideTally, outcomes: readonly Outcome[]): Replayed[] {
  return outcomes.flatMap((outcome): { offset: number; lane: number; verdict: Verdict | undefined }[] => {
    const { lane, offset } = outcome, verdict = outcome.kind === 'event' ? outcome.verdict : undefined;
    return verdict === undefined || tally.counts(outcome) ? [{ lane, offset, verdict }] : [];
  });
}

async function* replaced(records: Iterable<RawRecord> | AsyncIterable<RawRecord>, set: { readonly setId: string; readonly json: string }): AsyncGenerator<RawRecord, void, undefined> {
  for await (const record of records) yield withSet(record, set);
}
