import type { LogRecord, NewRecord, Topic } from '@weir/ports';
import type { StageState } from '../stage';
import type { SimulationStep } from './simulation';

/** A record of the topic that a service reads, with its place in the lane. */
export interface InputRecord { readonly origin: number; readonly record: LogRecord }

/** A record for a topic that a service writes. */
export interface OutputRecord { readonly origin: number; readonly record: NewRecord }

/** What a service makes of some records. */
export interface WorkOutput {
  /** By topic, each in the order of their origins. */
  readonly outputs: ReadonlyMap<Topic, readonly OutputRecord[]>;
  /** Answers whoever waits with what the lane alone decides again; called at once. */
  readonly answer?: (() => void) | undefined;
  /** Answers with the rest; called when the outputs are durable. */
  readonly answerDurable?: (() => void) | undefined;
  /** What else is to be done, once the outputs are durable and before the state is published behind them; may be done again after a crash. */
  readonly after?: (() => Promise<void>) | undefined;
  /** True where the state shall be published behind these records without delay: somebody waits to see it. */
  readonly publish?: boolean | undefined;
}

/**
 * One service's part of one lane: a stage with its two borders, what it reads as records and what it writes as records. Deterministic like the stage in it;
 * whatever is not a function of the records before goes into its output, of which the first of each origin counts.
 */
export interface LaneWork {
  /** Also of the service. */
  readonly name: string;
  readonly input: Topic;
  /** Topics it writes. */
  readonly outputs: readonly Topic[];
  restore(state: StageState): Promise<void>;
  /** Consecutive records of the lane, none twice, none missing. One call at a time. `durable`: origin up to which each topic holds everything, to be left out of answers. */
  take(records: readonly InputRecord[]): Promise<WorkOutput> | WorkOutput;
  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]>;
  /** What would become of one event now; nothing changes. Between two calls of `take`, or within one that waits. */
  simulate(payload: Uint8Array, nowMs: number): Promise<SimulationStep>;
  close?(): Promise<void>;
}
