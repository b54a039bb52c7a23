import type { LaneItem } from '@weir/contracts';
import { itemsOf, mergeItems, type Outcome } from '@weir/pipeline';
import type { Stages } from '../chain';
import type { FrontBatch } from './front-batch';
import type { LabelBook } from './label-book';
import { replayedOf } from './local-side';
import type { DecisionDetail, SideBatch, SideTotals } from './side-batch';
import { SideTally, type SideView } from './side-tally';
import { StoredComparison, type StoredDecisionsOptions } from './stored-comparison';

/** Both sides of a lane, batch by batch: `before` with the definitions the log has, `after` with the changed ones. */
export interface SidePair {
  /** undefined at the end of the log. One call at a time. */
  next(): Promise<readonly [before: SideBatch, after: SideBatch] | undefined>;
  /** Decisions of the batch that `next` gave last. */
  details(offsets: readonly number[]): Promise<readonly [before: readonly DecisionDetail[], after: readonly DecisionDetail[]]>;
  /** After the last batch. */
  totals(): Promise<readonly [before: SideTotals, after: SideTotals]>;
  close(): Promise<void>;
}

export type TailStages = Pick<Stages, 'patterns' | 'scoring'>;

export interface SharedSidesOptions extends SideView {
  /** What both have in common, in the order of the lane. */
  readonly front: AsyncGenerator<FrontBatch, void, undefined>;
  readonly before: TailStages;
  readonly after: TailStages;
  /** `both`: patterns match once, for they are the same; `recorded`: matches are there already. */
  readonly patterns: 'each' | 'both' | 'recorded';
  /** Stands in for every set of the log on the changed side. */
  readonly replaceWith: { readonly setId: string; readonly json: string };
  readonly labels: LabelBook;
  readonly stored?: StoredDecisionsOptions | undefined;
}

/** Both sides in this thread, over what comes from the stages they share. */
export class SharedSides implements SidePair {
  private readonly tallies: { readonly before: SideTally; readonly after: SideTally };
  private readonly stored: StoredComparison | undefined;

  constructor(private readonly options: SharedSidesOptions) {
    this.tallies = { before: new SideTally(options, options.labels), after: new SideTally(options, options.labels) };
    this.stored = options.stored && new StoredComparison(options.stored);
  }

  async next(): Promise<readonly [SideBatch, SideBatch] | undefined> {
    const { value: batch } = await this.options.front.next();
    if (!batch) return undefined;
    const { before, after } = await this.decided(batch.outcomes);
    if (this.stored !== undefined) await this.stored.compare(replayedOf(this.tallies.before, before), batch.stored);
    return [this.tallies.before.take(batch.records, before), this.tallies.after.take(batch.records, after)];
  }

  details(offsets: readonly number[]): ReturnType<SidePair['details']> {
    return Promise.resolve([this.tallies.before.details(offsets), this.tallies.after.details(offsets)]);
  }

  totals(): ReturnType<SidePair['totals']> {
    return Promise.resolve([this.tallies.before.totals(this.stored?.totals), this.tallies.after.totals(undefined)]);
  }

  async close(): Promise<void> {
    const { front, before, after } = this.options;
    await front.return();
    await before.scoring.close();
    await after.scoring.close();
  }

  private async decided(outcomes: readonly Outcome[]): Promise<{ readonly before: Outcome[]; readonly after: Outcome[] }> {
    const { before, after, patterns } = this.options;
    const matched = patterns === 'both' ? before.patterns.process(itemsOf(outcomes)) : itemsOf(outcomes);
    const changed = matched.map((item) => changedItem(item, this.options.replaceWith));
    const [one, other] = [await pass(before, matched, patterns), await pass(after, changed, patterns)];
    return { before: mergeItems(outcomes, one), after: mergeItems(outcomes, other) };
  }
}

/** The item as the changed side gets it: its own object, for each side fills in its own matches and verdict. */
export function changedItem(item: LaneItem, replaceWith: SharedSidesOptions['replaceWith']): LaneItem {
  if (item.kind === 'event') return { ...item };
  return item.kind === 'definitions' && item.json !== undefined ? { ...item, ...replaceWith } : { ...item };
}

const pass = async ({ patterns: stage, scoring }: TailStages, items: LaneItem[], patterns: SharedSidesOptions['patterns']): Promise<LaneItem[]> => scoring.process(patterns === 'each' ? stage.process(items) : items);
