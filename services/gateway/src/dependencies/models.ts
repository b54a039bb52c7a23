export interface Labels {
  append(labels: ReadonlyArray<{ readonly transactionId: string; readonly fraud: boolean; readonly by: string; readonly atMs: number; readonly source: string }>): Promise<void>;
}

export interface Models {
  /**
   * Keeps the bytes; from now on a model's `file` of this path stands for them. `backgroundOf`: the bytes are the background rows of the
   * model with this SHA-256. Gives the SHA-256 of what was kept.
   */
  keep(file: { readonly path: string; readonly bytes: Uint8Array; readonly backgroundOf: string | undefined }): Promise<string>;
}

/** How a model was in a week (from Monday, UTC), of the decisions that are old enough for their labels. Rates and figures are null where nothing says. */
export interface ModelQuality {
  readonly model: string; readonly version: number | null; /** False: it ran beside the model that decided. */ readonly answers: boolean; readonly weekStartMs: number;
  readonly decisions: number; /** The figures are of so many of them. */ readonly rows: number; /** Share that is old enough. */ readonly mature: number; readonly frauds: number;
  readonly fraudShare: number | null; readonly meanP: number | null; readonly auc: number | null; readonly averagePrecision: number | null;
  readonly cardPrecision: { readonly k: number; readonly value: number | null }; readonly brier: number | null; readonly calibrationError: number | null;
  readonly calibration: ReadonlyArray<{ readonly count: number; readonly meanScore: number; readonly fraudShare: number }>; readonly alertRate: number | null;
}

/** How far the decisions of a stretch of event time are from the reference. */
export interface DriftWindowShown {
  readonly fromMs: number; readonly toMs: number; readonly decisions: number; readonly rows: number;
  readonly features: ReadonlyArray<{
    readonly feature: string; /** The rows kept with the champion, or the first decisions. */ readonly reference: 'background' | 'decisions'; readonly psi: number; readonly jensenShannon: number;
    readonly kolmogorovSmirnov: { readonly distance: number; readonly pValue: number } | null; readonly missingRate: { readonly reference: number; readonly current: number };
    readonly newCategories: readonly string[]; readonly newCategoriesShare: number; /** Limits that it passed. */ readonly passed: readonly string[];
  }>;
}

export interface ModelNow {
  readonly name: string; readonly version: number; readonly role: 'champion' | 'challenger' | 'shadow'; readonly share: number; readonly features: string; readonly file: string; readonly sha256: string | null;
  readonly lastMinute: { readonly calls: number; readonly rows: number; readonly errors: number; readonly errorRate: number; readonly p50Ms: number; readonly p99Ms: number } | null;
}

export interface Monitors {
  /** Models in force, and how they did in the last minute. */
  models(): readonly ModelNow[];
  /** Newest week first. */
  quality(model: string | undefined): Promise<readonly ModelQuality[]>;
  /** Newest first; the first may still be open. */
  drift(): Promise<readonly DriftWindowShown[]>;
}
