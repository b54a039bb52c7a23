import type { RawRecord } from '@weir/contracts';
import type { Stages } from '../chain';
import { withSet } from '../replay/followed-stages';
import { frontBatches, type FrontBatch } from './front-batch';
import type { LabelBook } from './label-book';
import { mergedBatches, type MergedBatch, type ToldOrigins } from './lanes-merge';
import type { DecisionDetail, Side, SideBatch, SideTotals } from './side-batch';
import { SideTally, type SideView } from './side-tally';

export interface LanesSideOptions extends SideView {
  readonly lanes: ReadonlyArray<{ readonly stages: Stages; readonly records: AsyncIterable<RawRecord>; readonly told: ToldOrigins }>;
  /** Stands in for every set of the logs, and what it lists for what was listed; undefined: the logs as they are. */
  readonly replaceWith: { readonly setId: string; readonly json: string } | undefined;
  readonly labels: LabelBook;
}

/** A side of several lanes, every stage of each, decided in one order. Its batches come as they are through, whatever the lane: on both sides alike, for the order is the records'. */
export class LanesSide implements Side {
  private readonly tally: SideTally;
  private readonly merged: AsyncGenerator<MergedBatch, void, undefined>;

  constructor(private readonly options: LanesSideOptions) {
    const { lanes, replaceWith } = options;
    this.tally = new SideTally(options, options.labels);
    this.merged = mergedBatches(lanes.map(({ stages, records, told }) => ({ front: frontOf(stages, records, replaceWith), scoring: stages.scoring, told })), { substitutes: replaceWith !== undefined });
  }

  async next(): Promise<SideBatch | undefined> {
    const { value } = await this.merged.next();
    return value ? this.tally.take(value.batch.records, value.outcomes) : undefined;
  }

  details(offsets: readonly number[]): Promise<readonly DecisionDetail[]> { return Promise.resolve(this.tally.details(offsets)); }
  totals(): Promise<SideTotals> { return Promise.resolve(this.tally.totals(undefined)); }

  async close(): Promise<void> {
    await this.merged.return();
    for (const { stages } of this.options.lanes) await stages.scoring.close();
  }
}

const frontOf = (stages: Stages, records: AsyncIterable<RawRecord>, set: LanesSideOptions['replaceWith']): AsyncGenerator<FrontBatch, void, undefined> =>
  frontBatches({ ingest: stages.ingest, stages: stages.stages.slice(0, -1) }, set === undefined ? records : changedRecords(records, set));

async function* changedRecords(records: AsyncIterable<RawRecord>, set: NonNullable<LanesSideOptions['replaceWith']>): AsyncGenerator<RawRecord, void, undefined> {
  for await (const record of records) yield withSet(record, set);
}
