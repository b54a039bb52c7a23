import type { DefinitionsChange } from './definitions';

export interface BacktestRequest {
  /** undefined: the set in force, which must give the stored decisions again. */
  readonly change: DefinitionsChange | undefined;
  /** `fromMs` ≤ event time < `toMs`; ±Infinity for no bound. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly amountField: string;
  readonly segment: string | undefined;
  readonly examples: number;
  /** Compare with what was stored, and nothing else. */
  readonly verify: boolean;
}

export const backtestStatuses = ['running', 'done', 'failed', 'cancelled'] as const;

export interface BacktestState {
  readonly id: string;
  readonly status: (typeof backtestStatuses)[number];
  readonly verify: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Records that have been through, of how many; null while that is not known. */
  readonly records: number;
  readonly recordsTotal: number | null;
  /** Shown as it is. */
  readonly report: Readonly<Record<string, unknown>> | null;
  readonly error: string | null;
}

export interface Backtests {
  /** WEIR_LIMIT_REACHED when as many run as may. A set that does not hold is refused with its findings before anything runs. */
  start(request: BacktestRequest): Promise<BacktestState>;
  byId(id: string): Promise<BacktestState | undefined>;
  /** Ends one that runs; once it is answered, nothing of it runs. WEIR_NOT_FOUND for none of this id, WEIR_CONFLICT for one that has ended. */
  cancel(id: string): Promise<BacktestState>;
  /** Newest first, without their reports. */
  all(): Promise<readonly BacktestState[]>;
}
