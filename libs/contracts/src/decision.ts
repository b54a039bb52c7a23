import type { FeatureVector } from './feature-vector';

export type Outcome = 'approve' | 'review' | 'block';

/** Precedence, highest first; `fallback` stands alone. */
export const decidedByOrder = ['hard_list', 'allow_list', 'approve_rule', 'block_rule', 'block_list', 'score', 'review_rule', 'watch_list', 'fallback'] as const;
export type DecidedBy = (typeof decidedByOrder)[number];

export interface Reason {
  readonly kind: 'rule' | 'pattern' | 'list' | 'model' | 'fallback' | 'degraded';
  readonly name: string;
  /** Plain words with the value compared. */
  readonly text: string;
  /** score − score without it. */
  readonly contribution: number;
}

export interface ListAddition {
  readonly list: string;
  readonly value: string;
  /** ms; null: for ever. */
  readonly until: number | null;
}

/** The part of a decision that is a pure function of the log. Field names are those of the public record. */
export interface Verdict {
  /** `decisionId(origin)`. */
  readonly id: string;
  readonly transaction_id: string;
  readonly event_time: number;
  readonly outcome: Outcome;
  readonly score: number;
  /** 100 · score. */
  readonly risk_score: number;
  readonly decided_by: DecidedBy;
  readonly overruled: readonly DecidedBy[];
  readonly reasons: readonly Reason[];
  readonly rules: readonly string[];
  readonly patterns: readonly string[];
  readonly matches: ReadonlyArray<{ readonly pattern: string; readonly version: number; readonly events: Readonly<Record<string, readonly string[]>> }>;
  readonly unknown: readonly string[];
  readonly shadow: readonly string[];
  readonly lists: readonly string[];
  readonly list_changes: readonly ListAddition[];
  readonly tags: readonly string[];
  /** Data-quality checks of the source that the event failed, as `field:check`; they alter nothing. */
  readonly marks?: readonly string[];
  /** Live rules that were true and silenced for this entity by a snooze. */
  readonly snoozed?: readonly string[];
  /** `[list, value]` of every list that was asked, by effect or by a condition, and held the value; sorted. */
  readonly lists_read?: ReadonlyArray<readonly [list: string, value: string]>;
  /** True when the policy's exploration share let a transaction pass that its score would have held. */
  readonly explored?: boolean;
  /** Where the exploration share could have let it pass: with which probability it came out as it did. Absent where chance had no part. */
  readonly propensity?: number;
  readonly alert: boolean;
  readonly policy: string;
  readonly model: { readonly name: string; readonly version: number; readonly p: number | null } | null;
  /** p of challengers and shadow models, by name. */
  readonly other_models: Readonly<Record<string, number | null>>;
  readonly vector: FeatureVector;
  /** The event's fields and the profile rows that were read, so that a re-run needs the record alone. */
  readonly tx: Readonly<Record<string, unknown>>;
  readonly profiles: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly set: string;
  /** Source of the event; with `set` it names the layout of `vector`. */
  readonly source?: string;
  readonly positions: readonly number[] | null;
  readonly degraded: boolean;
  readonly degraded_why: readonly string[];
}

/** What was measured: not part of the verdict. */
export interface Envelope {
  readonly decided_at: number;
  /** ms spent per stage, and `total` from append to verdict. */
  readonly latency_ms: Readonly<Record<string, number>>;
  readonly trace_id: string | null;
}

export interface Decision {
  readonly verdict: Verdict;
  readonly meta: Envelope;
}
