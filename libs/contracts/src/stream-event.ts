import type { Value } from './values';

/** An accepted event, time corrected, values in the slots of its source's schema in force. */
export interface StreamEvent {
  /** Name of the source. */
  readonly source: string;
  /** The producer's id, unique within the source for at least 24 h. */
  readonly id: string;
  /** Corrected event time, ms. Everything says event time and means this. */
  readonly timeMs: number;
  /** The time as the producer reported it, ms. */
  readonly reportedTimeMs: number;
  /** Our clock when it was appended (or the `_received_at` it brought), ms. */
  readonly receivedAtMs: number;
  /** By slot, in the order of the source's declared fields; a missing field is null. Tokens in place. */
  readonly values: readonly Value[];
  /** Data-quality checks that failed, as `field:check`; they never hold an event back. */
  readonly marks: readonly string[];
  /** Fields the source does not declare, as they came; invisible to conditions. */
  readonly extra: Readonly<Record<string, unknown>> | undefined;
}
