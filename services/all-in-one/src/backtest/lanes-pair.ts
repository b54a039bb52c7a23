import type { LaneItem } from '@weir/contracts';
import { itemsOf, mergeItems, type Outcome } from '@weir/pipeline';
import type { FrontBatch } from './front-batch';
import type { LabelBook } from './label-book';
import { mergedBatches, type MergedBatch, type ToldOrigins } from './lanes-merge';
import { replayedOf } from './local-side';
import { changedItem, type SidePair, type TailStages } from './shared-sides';
import type { SideBatch } from './side-batch';
import { SideTally, type SideView } from './side-tally';
import { StoredComparison } from './stored-comparison';

export interface LanesPairOptions extends SideView {
  /** Stored decisions of each lane as items, and what decides on each side. */
  readonly lanes: ReadonlyArray<{ readonly front: AsyncGenerator<FrontBatch, void, undefined>; readonly before: Pick<TailStages, 'scoring'>; readonly after: Pick<TailStages, 'scoring'>; readonly told: ToldOrigins }>;
  readonly replaceWith: { readonly setId: string; readonly json: string };
  readonly labels: LabelBook;
}

/** Both sides of several lanes over the stored decisions: `before` lane by lane as the logs have it, `after` in one order, for what it lists holds in all of them. */
export class LanesPair implements SidePair {
  private readonly before: SideTally;
  private readonly after: SideTally;
  private readonly stored = new StoredComparison({ throughOffset: Infinity, read: () => Promise.resolve([]) });
  private readonly merged: AsyncGenerator<MergedBatch, void, undefined>;
  /** What was decided before of batches that are not through, by lane. */
  private readonly waiting: Outcome[][][];

  constructor(private readonly options: LanesPairOptions) {
    this.before = new SideTally(options, options.labels);
    this.after = new SideTally(options, options.labels);
    this.waiting = options.lanes.map(() => []);
    this.merged = mergedBatches(options.lanes.map(({ after, told }, lane) => ({ front: this.front(lane), scoring: after.scoring, told })), { substitutes: true });
  }

  async next(): Promise<readonly [SideBatch, SideBatch] | undefined> {
    const { value } = await this.merged.next();
    if (!value) return undefined;
    const { lane, batch, outcomes } = value, before = this.waiting[lane]?.shift() ?? [];
    await this.stored.compare(replayedOf(this.before, before), batch.stored);
    return [this.before.take(batch.records, before), this.after.take(batch.records, outcomes)];
  }

  details(offsets: readonly number[]): ReturnType<SidePair['details']> { return Promise.resolve([this.before.details(offsets), this.after.details(offsets)]); }

  totals(): ReturnType<SidePair['totals']> { return Promise.resolve([this.before.totals(this.stored.totals), this.after.totals(undefined)]); }

  async close(): Promise<void> {
    for (const { front, before, after } of this.options.lanes) {
      await front.return();
      await before.scoring.close();
      await after.scoring.close();
    }
  }

  private async *front(lane: number): AsyncGenerator<FrontBatch, void, undefined> {
    const of = this.options.lanes[lane];
    if (of === undefined) return;
    for await (const batch of of.front) {
      const items = itemsOf(batch.outcomes), changed: LaneItem[] = items.map((item) => changedItem(item, this.options.replaceWith));
      this.waiting[lane]?.push(mergeItems(batch.outcomes, await of.before.scoring.process(items)));
      yield { ...batch, outcomes: mergeItems(batch.outcomes, changed) };
    }
  }
}
