/** What a pattern says of a key: a match, a partial match that ran out of time, or a limit that was reached. */
export type PatternOutcome<E> =
  | { readonly kind: 'match'; readonly steps: ReadonlyMap<string, readonly E[]>; readonly firstTimeMs: number; readonly lastTimeMs: number; /** False when time alone gave it. */ readonly byEvent: boolean }
  | { readonly kind: 'timeout'; readonly steps: ReadonlyMap<string, readonly E[]>; readonly firstTimeMs: number; readonly lastTimeMs: number; /** When its time was over, ms. */ readonly atMs: number }
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly max: number; /** Partial matches or matches given up. */ readonly dropped: number };

/** `keysMax` is of a group of patterns: the event's key is one too many. */
export type LimitName = keyof PatternLimits | 'keysMax';

/** Bounds of one pattern for one key. Reaching one is an outcome, never an error. */
export interface PatternLimits {
  /** Partial matches alive; beyond it those that began earliest are given up first. */
  readonly partialMatchesMax: number;
  /** Taken events from the earliest beginning still alive to now; beyond it the earliest beginnings are given up. */
  readonly heldEventsMax: number;
  /**
   * Partial matches that one event may add by branching; beyond it the earliest beginnings that branched are given up. So what can double with
   * every event (`allow_combinations`) costs no more than this, in time and memory.
   */
  readonly branchesPerEventMax: number;
  /** Matches given at one event or one instant; the rest, in the order of their first event, is given up. */
  readonly matchesPerEventMax: number;
}
export const defaultLimits: PatternLimits = { partialMatchesMax: 50_000, heldEventsMax: 100_000, branchesPerEventMax: 2_048, matchesPerEventMax: 10_000 };
