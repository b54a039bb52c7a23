import type { DecisionRow } from './decision-store';

/** What ingest made of a record of the lane. */
export type HistoryOutcome = 'accepted' | 'duplicate' | 'conflict' | 'quarantined' | 'control';

/**
 * One record of a lane as history keeps it: `key`, `headers` and `value` are the log's own, so that history is the log's older half; the rest
 * is what ingest said of it, for queries.
 */
export interface HistoryRecord {
  readonly lane: number;
  readonly offset: number;
  readonly appendedAtMs: number;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
  readonly outcome: HistoryOutcome;
  /** `event`, `definitions`, `list`, `table`, `tick`. */
  readonly kind: string;
  readonly source: string | null;
  readonly id: string | null;
  /** Corrected event time, ms; null for what is no accepted event. */
  readonly eventTimeMs: number | null;
  readonly receivedAtMs: number;
  /** `invalid`, `future` or `late` of a quarantined event, and the field at fault. */
  readonly reason: string | null;
  readonly field: string | null;
  /** `type:key` of each entity the event has, e.g. `card:c1`. */
  readonly entities: readonly string[];
}

/** What one batch of a lane leaves behind. Offsets of `records` are consecutive; `decisions` are of some of them. */
export interface HistoryBatch {
  readonly lane: number;
  readonly records: readonly HistoryRecord[];
  readonly decisions: readonly DecisionRow[];
}

export interface HistoryQuery {
  readonly lane?: number | undefined;
  /** Accepted events with `fromMs` ≤ event time < `toMs`; other records by their `receivedAtMs`. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly source?: string | undefined;
  /** `type:key`. */
  readonly entity?: string | undefined;
  readonly outcome?: HistoryOutcome | undefined;
}

/** The history of every lane: its records with their origin and the decisions with the vectors as used. */
export abstract class OfflineStore {
  /**
   * Takes a batch; it is durable after `flush`, or later by itself. Batches of a lane come in order; what is at or below `position` already is ignored, so a
   * replay changes nothing. After a failure everything behind `position` has to come again.
   * @throws WeirError WEIR_HISTORY_FAILED, retriable.
   */
  abstract append(batch: HistoryBatch): Promise<void>;
  /** Everything appended so far is durable when it resolves. */
  abstract flush(): Promise<void>;
  /** Offset of the last durable record of the lane; -1 for none. */
  abstract position(lane: number): Promise<number>;
  /** Records of a lane in order from `fromOffset` on, durable ones only. */
  abstract scan(lane: number, fromOffset: number, toOffset?: number): AsyncIterable<HistoryRecord>;
  /** In lane order within a lane, lanes one after the other. */
  abstract query(query: HistoryQuery): AsyncIterable<HistoryRecord>;
  /** Decisions whose event time is in the range, in lane order. */
  abstract decisions(query: { readonly lane?: number | undefined; readonly fromMs?: number | undefined; readonly toMs?: number | undefined }): AsyncIterable<DecisionRow>;
  /** Forgets whole days that end before `beforeMs`; gives how many files or partitions went. */
  abstract expire(beforeMs: number): Promise<number>;
  /** Joins small files; the answers stay the same. Gives how many files there are less. */
  abstract compact(): Promise<number>;
  abstract close(): Promise<void>;
}
