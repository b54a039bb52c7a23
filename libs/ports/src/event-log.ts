/** Topics of Weir. `transactions.raw` are the lanes; every other topic has one partition a lane. */
export type Topic = 'transactions.raw' | 'transactions' | 'features' | 'signals' | 'decisions' | 'alerts' | 'matches' | 'quarantine' | 'labels' | 'definitions' | 'lists' | `tables.${string}`;

export interface NewRecord {
  /** For compaction and for consumers; not for choosing the lane. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}
export interface LogRecord extends NewRecord {
  readonly offset: number;
  /** The log's clock at append, ms. */
  readonly appendedAtMs: number;
}

/** Totally ordered, durable, append-only lanes. Bounded: a read gives at most `max` records. */
export abstract class EventLog {
  abstract readonly lanes: number;
  /**
   * Durable when it resolves; offsets are consecutive from `firstOffset`. All or none of the batch. `transactions.raw` and the topics between the stages count from 0 without
   * any gap; in another topic there may be offsets without a record between two appends, so a reader goes on behind the last record it got. After a failure that may
   * be tried again the batch may have been written nevertheless. @throws WeirError WEIR_LOG_FAILED, retriable; WEIR_FENCED when another owner has taken the lane.
   */
  abstract append(topic: Topic, lane: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }>;
  /** From `fromOffset` on, in order; empty at the end. */
  abstract read(topic: Topic, lane: number, fromOffset: number, max: number): Promise<readonly LogRecord[]>;
  /** Resolves when a record at or past `offset` may be there, or after `timeoutMs`; never rejects for a time-out. */
  abstract wait(topic: Topic, lane: number, offset: number, timeoutMs: number): Promise<void>;
  /** First offset kept and next offset to be written. */
  abstract bounds(topic: Topic, lane: number): Promise<{ first: number; next: number }>;
  /** First offset whose append time is at or after `timeMs`; the end when there is none. */
  abstract offsetAt(topic: Topic, lane: number, timeMs: number): Promise<number>;
  /** Forgets records before the offset, in one step, as far as whole blocks go; the newest always stay. A log that forgets by rules of its own, as a broker does, does nothing. @throws WeirError WEIR_LOG_FAILED, retriable. */
  forget(_topic: Topic, _lane: number, _before: number): Promise<void> { return Promise.resolve(); }
  abstract close(): Promise<void>;
}
