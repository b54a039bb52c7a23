export interface SuiteStatus {
  readonly startedAtMs: number;
  readonly set: string | null;
  readonly appliedAtMs: number | null;
  readonly lanes: ReadonlyArray<{
    readonly lane: number;
    /** Records in the log. */
    readonly records: number;
    /** Offset of the last record that is through; -1: none. `lag` is how many are not. */
    readonly position: number; readonly lag: number;
    /** Offset up to which the state is in the store. */
    readonly statePosition: number;
  }>;
}

export interface Status { now(): Promise<SuiteStatus> }

export interface HistoryLane { readonly lane: number; readonly first: number; readonly last: number; readonly lag: number; readonly files: number; readonly bytes: number; readonly days: number }

export interface History {
  /** Folder of its files. */
  readonly path: string;
  readonly lanes: () => Promise<readonly HistoryLane[]>;
  /** What was decided when it is called is in files when it resolves. */
  readonly flush: () => Promise<void>;
  /** Joins small files; gives how many there are less. */
  readonly compact: () => Promise<number>;
}
