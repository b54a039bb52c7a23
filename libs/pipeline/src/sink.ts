import type { IngestRefusal, LaneItem, RawRecord } from '@weir/contracts';

/** What became of a record. */
export type Outcome = LaneItem | IngestRefusal;

/** Consecutive records of a lane after the last stage: `outcomes[i]` is of `records[i]`. */
export interface TakenBatch {
  readonly lane: number;
  readonly records: readonly RawRecord[];
  readonly outcomes: readonly Outcome[];
  /** ms spent per stage on the whole batch, and when it was taken from the log (our clock): for envelopes, never for verdicts. */
  readonly stageMs: Readonly<Record<string, number>>;
  readonly takenAtMs: number;
  /** When each stage began with it (our clock); where somebody measures. */
  readonly stageStartMs?: Readonly<Record<string, number>>;
  /**
   * What a reader made of the batch, for all sinks; goes with it. (A WeakMap would hold it longer: a collection of the young generation takes what one
   * holds for alive, and every decision would grow old before it goes.)
   */
  made?: object;
}

/**
 * Where outputs go. The runner hands each one every record of the lane once and in order, save what it had before a crash. Taking is apart from writing, so
 * that a batch goes as soon as everybody has taken of it what he needs: what waits for a disk is bytes, and not the objects of a thousand decisions, which
 * the collector would copy, and copy again.
 */
export interface Sink<Taken = unknown> {
  readonly name: string;
  /**
   * Offset of the last record of the lane that left something durable in it; -1 for none. Read at the start; what is at or below is not written again.
   * Absent for a sink that keeps nothing: after a crash it may get a record again.
   */
  position?(lane: number): Promise<number>;
  /** What it is to write of a batch, made at once and once only: the batch is let go when this returns. Undefined for nothing. */
  take(batch: TakenBatch): Taken | undefined;
  /** One call at a time, in order; several where some had to wait. Called again with the same when it failed for a passing reason. */
  write(taken: readonly Taken[]): Promise<void>;
  /** All that was written is durable when it resolves. Asked before the state passes it; absent where `write` is durable. */
  flush?(): Promise<void>;
}
