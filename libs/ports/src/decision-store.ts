import type { Outcome } from '@weir/contracts';
import type { Page, PageRequest } from './page';

/** A decision as it is stored: what it is found by, and the whole record as JSON. */
export interface DecisionRow {
  readonly lane: number;
  readonly offset: number;
  /** `decisionId(origin)`. */
  readonly id: string;
  readonly transactionId: string;
  readonly source: string;
  readonly eventTimeMs: number;
  readonly receivedAtMs: number;
  readonly outcome: Outcome;
  readonly score: number;
  readonly decidedBy: string;
  readonly alert: boolean;
  /** Names of live rules and patterns that fired. */
  readonly rules: readonly string[];
  /** `type:key` of each entity the event has, e.g. `card:c1`. */
  readonly entities: readonly string[];
  /** The decision, verdict and envelope, as JSON text. May be made when it is asked for. */
  readonly json: string;
  /**
   * The same packed, where the writer has it so: a store that can unpack it keeps this instead of the text. Made when it is asked for, into memory that
   * is used again: to be copied before another row's is asked for.
   */
  readonly packed?: PackedDecision | undefined;
}

/** A decision as bytes that refer to names by number, and the names, which many decisions share and a store keeps once. */
export interface PackedDecision {
  readonly layoutId: string;
  /** The layout as JSON text. */
  layout(): string;
  readonly bytes: Uint8Array;
}

/** All that is given must hold. */
export interface DecisionQuery extends PageRequest {
  /** `type:key`. */
  readonly entity?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** Name of a rule or pattern that fired. */
  readonly rule?: string | undefined;
  readonly alert?: boolean | undefined;
  /** `fromMs` ≤ event time < `toMs`. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** Decisions as their store writes them: bytes, and nothing of the rows they were made of. Only its store knows what is in it. */
export interface TakenDecisions { readonly count: number }

/** Decisions by origin, by transaction and by search. The first of each origin wins, so writing again changes nothing. */
export abstract class DecisionStore {
  /** What `write` is to write, made at once: the rows may go while it waits. */
  abstract take(rows: readonly DecisionRow[]): TakenDecisions;
  /** All of it is durable when it resolves, and none when it fails; then it may be written again. What a lane gives comes in its order. @throws WeirError WEIR_STORE_FAILED, retriable. */
  abstract write(lane: number, taken: readonly TakenDecisions[]): Promise<void>;
  /** Offset of the newest decision of the lane that is durable; -1 for none. */
  abstract position(lane: number): Promise<number>;
  abstract byId(id: string): Promise<DecisionRow | undefined>;
  /** The newest one of that id where a source gave the id again after it was forgotten. */
  abstract byTransaction(transactionId: string, source?: string): Promise<DecisionRow | undefined>;
  /** Newest first, lane by lane. A page looks at a bounded number of rows, so it may be short and still have a `next`. */
  abstract search(query: DecisionQuery): Promise<Page<DecisionRow>>;
  /**
   * A stretch of a lane for those who read all of it: decisions from `fromOffset` on, by offset ascending; about `rowsMax` of them, at least one where
   * there is one. `packed` is there where it is stored so; `json` is made when it is asked for.
   */
  abstract range(lane: number, fromOffset: number, rowsMax: number): Promise<readonly DecisionRow[]>;
  abstract close(): Promise<void>;
}
