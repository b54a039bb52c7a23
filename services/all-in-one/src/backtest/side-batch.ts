import type { MismatchReason } from '@weir/gateway';
import type { Outcome, Reason } from '@weir/contracts';
import type { PatternFigures } from '../offline/match-tally';

/** Outcomes by their code in the columns of a batch, mildest first. */
export const outcomeNames: readonly Outcome[] = Object.freeze(['approve', 'review', 'block']);
export const outcomeCode: Readonly<Record<Outcome, number>> = Object.freeze({ approve: 0, review: 1, block: 2 });

/** What is known of a transaction: the codes of `SideBatch.labels`. */
export const labelCode = Object.freeze({ unknown: 0, genuine: 1, fraud: 2 });

/**
 * Decisions of one batch of records as one side of a back-test took them, in the order of the log: columns, so that they travel between
 * threads for next to nothing. Both sides cut the log alike, so batch i of one is batch i of the other.
 */
export interface SideBatch {
  /** Records the batch was made of, decided or not. */
  readonly records: number;
  readonly offsets: Float64Array;
  readonly outcomes: Uint8Array;
  /** 1: decided without something that was missing. */
  readonly degraded: Uint8Array;
  readonly labels: Uint8Array;
  /** Value of the money field; NaN where the transaction has none. */
  readonly amounts: Float64Array;
  readonly timesMs: Float64Array;
  /** Index into all segment names that this side has given so far; empty where no segment is asked for. */
  readonly segments: Uint32Array;
  /** Segment names met for the first time in this batch. */
  readonly newSegments: readonly string[];
}

/** A decision with its reasons, for those who want to see what changed. */
export interface DecisionDetail {
  readonly offset: number;
  readonly id: string;
  readonly transactionId: string;
  readonly eventTimeMs: number;
  readonly outcome: Outcome;
  readonly score: number;
  readonly decidedBy: string;
  readonly reasons: readonly Reason[];
}

/** How often a rule or pattern spoke in the decisions that were not degraded. */
export interface RuleTotals { readonly name: string; fired: number; unknown: number; fraud: number; genuine: number }

/** A stored decision that the log does not give again. */
export interface Mismatch {
  readonly offset: number;
  readonly id: string;
  /** `different`: both are there. `not stored`, `not replayed`: only one is. */
  readonly kind: 'different' | 'not stored' | 'not replayed';
  /** Why, in a word; `bug` where nothing else explains it. */
  readonly why: MismatchReason;
  /** The first parts that differ, as `path: stored … , replayed …`. */
  readonly reasons: readonly string[];
}

/** What a side found of the decisions that were stored when they were taken. */
export interface StoredTotals {
  compared: number; same: number;
  /** Compared ones whose stored verdict was degraded; they count in neither `same` nor `different`. */
  degraded: number;
  different: number; notStored: number;
  /** Of the stored verdicts that were not degraded, and of what the log gives in their place. */
  readonly storedCounts: VerdictCounts;
  readonly replayedCounts: VerdictCounts;
  readonly mismatches: Mismatch[];
}

/** How many verdicts had each outcome (by its code), and how often each rule fired and was unknown. */
export interface VerdictCounts { readonly outcomes: [number, number, number]; readonly byRule: Map<string, { fired: number; unknown: number }> }

/** Everything a side adds up by itself. */
export interface SideTotals {
  readonly decided: number;
  readonly quarantined: number;
  readonly duplicates: number;
  /** Ids of the sets that were in force, in order. */
  readonly setIds: readonly string[];
  readonly rules: ReadonlyMap<string, RuleTotals>;
  /** What each pattern gave. */
  readonly patterns: ReadonlyMap<string, PatternFigures>;
  readonly stored: StoredTotals | undefined;
}

/** One side of a back-test: the same log through the stages, once with the definitions it has and once with the changed ones. */
export interface Side {
  /** undefined at the end of the log. One call at a time. */
  next(): Promise<SideBatch | undefined>;
  /** Decisions of the batch that `next` gave last. */
  details(offsets: readonly number[]): Promise<readonly DecisionDetail[]>;
  /** After the last batch. */
  totals(): Promise<SideTotals>;
  close(): Promise<void>;
}
