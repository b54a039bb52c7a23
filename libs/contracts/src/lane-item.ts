import type { FeatureVector } from './feature-vector';
import type { Backfill, ListChange, TableChange } from './lane-record';
import type { StreamEvent } from './stream-event';
import type { Value } from './values';
import type { Verdict } from './decision';

/** What ingest says of time after a record; the same object for all items between two changes. */
export interface LaneTime {
  /** Highest `received_at` of the lane's records, ms; -Infinity before the first. */
  readonly clockMs: number;
  /** Watermark by source name, ms, idleness applied; a source with no event yet is absent and holds nothing back. */
  readonly watermarkMsBySource: ReadonlyMap<string, number>;
}

interface ItemBase {
  readonly lane: number;
  readonly offset: number;
  /** Our clock when the record was appended, ms; for an event its `received_at`. */
  readonly receivedAtMs: number;
  /** Time after this record. */
  readonly time: LaneTime;
}

/**
 * One event on its way: ingest makes it, each later stage fills in its part. `vector` is the feature-store's, `matches`
 * is cep's, `verdict` is scoring's. All properties exist from the start, so that every item has one hidden class.
 */
export interface EventItem extends ItemBase {
  readonly kind: 'event';
  readonly event: StreamEvent;
  /** True when the event's source gets decisions. */
  readonly decide: boolean;
  readonly late: boolean;
  readonly replyTo: string | undefined;
  /** How many records were in front of it when it was taken, where its record says so: what `max_lag` of a policy is held against. */
  readonly backlog?: number | undefined;
  vector: FeatureVector | undefined;
  /** Row in force at this place by table name; a table without a row for the event's key is absent. */
  profiles: ReadonlyMap<string, Readonly<Record<string, Value>>> | undefined;
  /** Position read in each foreign lane (offset of the last record seen; -1 none), by lane; undefined with one lane. */
  positions: readonly number[] | undefined;
  matches: readonly PatternMatch[];
  /** Live and shadow patterns whose key this event had; for `NO_VERDICT`. */
  patternsKeyed: readonly string[];
  verdict: Verdict | undefined;
}

/** A record that is no event; it passes every stage in order. `matches` are given by time alone (and time-outs). */
export interface ControlItem extends ItemBase {
  readonly kind: 'definitions' | 'list' | 'table' | 'tick' | 'skipped';
  readonly setId?: string;
  readonly json?: string;
  readonly listChanges?: readonly ListChange[];
  readonly tableChanges?: readonly TableChange[];
  readonly backfill?: Backfill | undefined;
  matches: readonly PatternMatch[];
}

export type LaneItem = EventItem | ControlItem;

/** What a pattern has to say of a key: a match, a time-out, a bound that was reached, or an event that came too late for it. */
export interface PatternMatch {
  readonly pattern: string;
  /** Version of the pattern's definition that matched. */
  readonly version: number;
  readonly mode: 'live' | 'shadow';
  readonly kind: 'match' | 'timeout' | 'limit' | 'late';
  readonly key: string;
  /** Ids of the events by step, in the order taken; of a late event its id as `late`; of a limit none. */
  readonly events: Readonly<Record<string, readonly string[]>>;
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
  /** True when the event of the item completed it; false when time alone gave it. */
  readonly byEvent: boolean;
  /** Which bound was reached, what it is, and how much was given up; only of kind `limit`. */
  readonly limit?: { readonly name: string; readonly max: number; readonly dropped: number };
  /** How far the watermark was past the event, ms; only of kind `late`. */
  readonly lateByMs?: number;
}

/** What ingest did with a record that goes no further. */
export type IngestRefusal =
  | { readonly kind: 'duplicate'; readonly lane: number; readonly offset: number; readonly firstOffset: number; readonly id: string; readonly source: string; readonly replyTo: string | undefined }
  | { readonly kind: 'conflict'; readonly lane: number; readonly offset: number; readonly firstOffset: number; readonly idempotencyKey: string; readonly replyTo: string | undefined }
  | {
      readonly kind: 'quarantined'; readonly lane: number; readonly offset: number; readonly source: string; readonly id: string | null;
      readonly reason: 'invalid' | 'future' | 'late'; readonly field: string | null; readonly expected: string | null; readonly got: string | null;
      readonly receivedAtMs: number; readonly json: string; readonly replyTo: string | undefined;
    };
