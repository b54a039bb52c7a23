import type { Decision } from '@weir/contracts';
import type { DecisionRecord } from '../schemas/decision.schema';

/** One event that could be parsed. */
export interface SubmittedRow {
  /** As it came; what goes into the log when nothing has to be tokenised. */
  readonly json: string;
  /** The same, parsed. Only to be read: the implementation copies it before it puts tokens in. */
  readonly event: Readonly<Record<string, unknown>>;
  /** The row's `_received_at`; only ever set for a key with the role `replay`. */
  readonly receivedAtMs: number | undefined;
  readonly idempotency: { readonly key: string; readonly bodyHash: string } | undefined;
}

export interface SubmitOptions {
  /** undefined: the source that is decided. An unknown one is WEIR_INPUT_INVALID with the field `source`. */
  readonly source: string | undefined;
  /** `accepted`: resolve once the rows are durable in their lanes; `decided`: wait for the decisions. */
  readonly wait: 'accepted' | 'decided';
  /** How long to wait for decisions; undefined: the policy's deadline (of several: the longest). Rows not decided by then are `pending`. */
  readonly deadlineMs: number | undefined;
  /** W3C trace context that travels with the rows; undefined: none. */
  readonly traceparent?: string | undefined;
}

/** What became of a row. */
export type RowAnswer =
  | { readonly kind: 'decided'; readonly decision: Decision | DecisionRecord; /** The id was there before: this is the first one's decision. */ readonly duplicate: boolean }
  /** In the lane, not decided yet. `id`: of the decision to come. */
  | { readonly kind: 'pending'; readonly id: string; readonly transactionId: string | null }
  /** Accepted, of a source that gets no decision. */
  | { readonly kind: 'accepted'; readonly id: string; readonly transactionId: string | null; readonly duplicate: boolean }
  | {
      readonly kind: 'quarantined'; /** null: nothing was stored, for it was simulated. */ readonly quarantineId: string | null; readonly transactionId: string | null; readonly reason: 'invalid' | 'future' | 'late';
      readonly field: string | null; readonly expected: string | null; readonly got: string | null;
    }
  /** The Idempotency-Key was used for another body within 24 h. */
  | { readonly kind: 'conflict'; readonly idempotencyKey: string }
  /** Not appended, for the suite is behind; to be sent again. */
  | { readonly kind: 'overloaded'; readonly retryAfterMs: number };

export interface Edge {
  /**
   * Tokenises, chooses the lanes, appends and waits: one answer per row, in order. Calls append in the order in which they are made. Many
   * calls are open at once, each with 1 to `batchChunkRowsMax` rows; the implementation gathers them into batches. Rejects only when
   * nothing of the call was appended.
   */
  submit(rows: readonly SubmittedRow[], options: SubmitOptions): Promise<readonly RowAnswer[]>;
  /** What would be answered now. Nothing is stored; never `pending`. */
  simulate(row: SubmittedRow, options: { readonly source: string | undefined }): Promise<RowAnswer>;
}
