export const mismatchReasons = ['late', 'tie', 'coarsened', 'ttl', 'version', 'warming', 'bug'] as const;

export type MismatchReason = (typeof mismatchReasons)[number];

export interface OnlineVerification {
  /** Share of one core that it may take; 0: it is off. */
  readonly share: number;
  readonly passes: number; readonly lastPassMs: number | null;
  /** Why the last pass failed; null when it did not. */
  readonly lastError: string | null;
  /** Keys of views whose state was computed again. */
  readonly keys: number; readonly same: number; readonly different: number;
  readonly byReason: Readonly<Record<MismatchReason, number>>;
  readonly byView: Readonly<Record<string, { readonly same: number; readonly different: number }>>;
  /** Newest first. */
  readonly examples: ReadonlyArray<{ readonly lane: number; readonly view: string; readonly key: string; readonly reason: MismatchReason; readonly differences: readonly object[] }>;
}

export interface Verification { now(): Promise<OnlineVerification> }
