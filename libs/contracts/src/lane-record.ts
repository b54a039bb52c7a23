import type { Value } from './values';

/**
 * What the edge appends to a lane. Everything that can change an answer is one of these, in order with the transactions.
 * `value` bodies are JSON (tokens in place); a record read back has its offset and the append time.
 */
export type RawBody =
  | { readonly kind: 'event'; readonly source: string; /** The event as JSON text, tokenised. */ readonly json: string;
      /** Set only for rows of a file and by keys with the role `replay`. */ readonly receivedAtMs: number | undefined;
      readonly idempotency: { readonly key: string; readonly bodyHash: string } | undefined;
      /** Where to send the answer, when someone waits; opaque to everyone but the gateway. */ readonly replyTo: string | undefined;
      /** W3C trace context of the request, for what measures; no part of any answer. */ readonly traceparent?: string | undefined;
      /** Records of the lane that were in front of it and not decided yet when it was taken, as the edge knew; said only where a policy may ask. */ readonly backlog?: number | undefined }
  | { readonly kind: 'definitions'; /** SHA-256 of the canonical set. */ readonly setId: string; /** Canonical JSON of the whole set. */ readonly json: string; /** Views that take over states built beside the lane. */ readonly backfill?: Backfill | undefined }
  | { readonly kind: 'list'; readonly changes: readonly ListChange[] }
  | { readonly kind: 'table'; readonly changes: readonly TableChange[] }
  | { readonly kind: 'tick' };

/** From its record on, each of these views is what it would be had it taken in the lane's earlier events, too; `id` names the states that were built for it. */
export interface Backfill {
  readonly id: string;
  readonly views: readonly BackfilledView[];
}

export interface BackfilledView {
  readonly view: string;
  /** Events at or after this event time alone, ms; null: all. */
  readonly fromMs: number | null;
  /** Events behind this offset alone; -1: all. */
  readonly afterOffset: number;
  /** Where the view's history begins from now on, ms; null: its source's whole log. */
  readonly sinceMs: number | null;
}

/** A raw record with its place: `appendedAtMs` is our clock when the log took it. */
export interface RawRecord {
  readonly lane: number;
  readonly offset: number;
  readonly appendedAtMs: number;
  readonly body: RawBody;
}

export type ListChange =
  | { readonly op: 'put'; readonly list: string; readonly value: string; readonly fromMs: number | null; readonly untilMs: number | null; readonly by: string; readonly reason: string;
      /** Of the decision in another lane that added it; a lane takes the first of each origin. Absent: added by hand. */ readonly origin?: { readonly lane: number; readonly offset: number } }
  | { readonly op: 'remove'; readonly list: string; readonly value: string; readonly by: string }
  /** Silences one rule for one value of an entity until a time. */
  | { readonly op: 'snooze'; readonly rule: string; readonly entity: string; readonly key: string; readonly untilMs: number; readonly by: string; readonly reason?: string };

export type TableChange =
  | { readonly op: 'put'; readonly table: string; readonly key: string; readonly row: Readonly<Record<string, Value>>; /** Version by the source's clock or position; an older one is ignored. */ readonly version: number | null }
  | { readonly op: 'remove'; readonly table: string; readonly key: string; readonly version: number | null };
