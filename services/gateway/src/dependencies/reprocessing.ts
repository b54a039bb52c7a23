import type { FeatureValue } from '@weir/contracts';

export const reprocessStatuses = ['building', 'paused', 'ready', 'switching', 'done', 'failed', 'cancelled', 'rolled_back'] as const;

export type ReprocessStatus = (typeof reprocessStatuses)[number];

export interface ReprocessRequest {
  readonly views: readonly string[];
  /** Events at or after it; undefined: the whole log. */
  readonly fromMs: number | undefined;
  /** From here on the stream has to have them; refused where that would leave a gap. */
  readonly toMs: number | undefined;
  /** True: stays `ready` until it is told to switch. */
  readonly hold: boolean;
  readonly by: string;
}

/** Live values against those that were built, of a sample of the keys. */
export interface ReprocessComparison {
  readonly compared: number; readonly same: number; readonly different: number;
  /** Keys that the live view has no state of. */
  readonly only_new: number;
  /** Keys with events since they were built: not compared. */
  readonly moved_on: number;
  readonly examples: ReadonlyArray<{ readonly view: string; readonly key: string; readonly differences: ReadonlyArray<{ readonly feature: string; readonly old: FeatureValue; readonly old_status: string; readonly new: FeatureValue; readonly new_status: string }> }>;
}

export interface ReprocessState {
  readonly id: string; readonly kind: 'reprocess' | 'rollback'; readonly views: readonly string[]; readonly status: ReprocessStatus;
  readonly by: string; readonly startedAtMs: number; readonly endedAtMs: number | null; readonly fromMs: number | null;
  /** Records that were read, of how many; since the last start. */
  readonly records: number; readonly recordsTotal: number | null;
  readonly isBuilt: boolean; readonly comparison: ReprocessComparison | null; readonly error: string | null;
}

/** An unknown view or job is WEIR_NOT_FOUND, what a job's status does not allow WEIR_CONFLICT. */
export interface Reprocessing {
  start(request: ReprocessRequest): Promise<ReprocessState>;
  /** Newest first. */
  all(): Promise<readonly ReprocessState[]>;
  byId(id: string): Promise<ReprocessState | undefined>;
  pause(id: string): Promise<ReprocessState>;
  resume(id: string): Promise<ReprocessState>;
  switch(id: string): Promise<ReprocessState>;
  rollback(id: string, by: string): Promise<ReprocessState>;
}
