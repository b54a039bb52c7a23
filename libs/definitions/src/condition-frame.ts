import type { FeatureVector, StreamEvent, Value } from '@weir/contracts';

/**
 * What any condition can see, filled in place by its owner before a batch of conditions is evaluated and never kept. Rules see all of it; a
 * view's `where` sees `event` and `profiles`; a pattern's step sees `event`, `vector`, `profiles` and `taken`.
 */
export interface ConditionFrame {
  event: StreamEvent | undefined;
  vector: FeatureVector | undefined;
  profiles: ReadonlyMap<string, Readonly<Record<string, Value>>> | undefined;
  /** Names of the patterns that this event completed (live ones for a live rule). */
  matched: ReadonlySet<string> | undefined;
  lists: ListLookup | undefined;
  /** p of the champion: 0 without a champion, undefined when it gave no answer. */
  score: number | undefined;
  /** Events taken so far by step name, for a pattern's conditions. */
  taken: ReadonlyMap<string, readonly StreamEvent[]> | undefined;
}

export interface ListLookup {
  /** Whether an entry of the list holds the value at the time; undefined when that can't be said (no address, asked of a cidr list; a missing value). */
  holds(list: string, value: string | undefined, atMs: number): boolean | undefined;
}
