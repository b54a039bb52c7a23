import type { IngestRefusal, LaneItem, RawRecord } from '@weir/contracts';
import type { Outcome } from './sink';
import type { Stage } from './stage';

/** The stages of a lane in their order: the first judges records, the others fill in what passes it. */
export interface Chain {
  readonly ingest: Stage<RawRecord, LaneItem | IngestRefusal>;
  /** Each gives one item per item, in order. */
  readonly stages: ReadonlyArray<Stage<LaneItem, LaneItem>>;
}

export const isItem = (outcome: Outcome): outcome is LaneItem => outcome.kind !== 'duplicate' && outcome.kind !== 'conflict' && outcome.kind !== 'quarantined';

/** All stages with their state keys' prefix, in order. */
export const stagesOf = (chain: Chain): ReadonlyArray<Pick<Stage<never, unknown>, 'name' | 'takeChanges' | 'restore'>> => [chain.ingest, ...chain.stages];

/** The items of the outcomes, for the stages behind ingest. */
export function itemsOf(outcomes: readonly Outcome[]): LaneItem[] {
  const items: LaneItem[] = [];
  for (const outcome of outcomes) if (isItem(outcome)) items.push(outcome);
  return items;
}

/** Puts what the last stage gave back where ingest's items were. */
export function mergeItems(outcomes: readonly Outcome[], items: readonly LaneItem[]): Outcome[] {
  let next = 0;
  return outcomes.map((outcome) => (isItem(outcome) ? (items[next++] ?? outcome) : outcome));
}
