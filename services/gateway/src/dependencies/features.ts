import type { FeatureStatus, FeatureValue } from '@weir/contracts';

export interface FeatureSelection {
  readonly service: string | undefined;
  /** Neither given: all views of the entity. */
  readonly views: readonly string[] | undefined;
  /** undefined: now. */
  readonly atMs: number | undefined;
}

export interface FeatureRead {
  readonly features: Readonly<Record<string, FeatureValue>>;
  readonly statuses: Readonly<Record<string, FeatureStatus>>;
  /** Newest event of the entity in the feature's view, by feature name. */
  readonly eventTimesMs: Readonly<Record<string, number | null>>;
}

export interface Features {
  /** Same length and order as `keys`, duplicates included. An unknown entity type, service or view is WEIR_NOT_FOUND. */
  read(entityType: string, keys: readonly string[], selection: FeatureSelection): Promise<{ readonly rows: readonly FeatureRead[]; readonly asOfMs: number }>;
  /** All entities of the selection whose key fields a row has. */
  join(rows: ReadonlyArray<Readonly<Record<string, unknown>>>, selection: FeatureSelection): Promise<{ readonly rows: readonly FeatureRead[]; readonly asOfMs: number }>;
  /** All features, or the one named (empty when there is none of the name). */
  statistics(feature: string | undefined): Promise<readonly FeatureStatistics[]>;
}

export interface FeatureStatistics {
  readonly feature: string; readonly count: number; readonly mean: number | null; readonly std: number | null; readonly min: number | null; readonly max: number | null;
  readonly p50: number | null; readonly p95: number | null; readonly p99: number | null; readonly missingRate: number | null; readonly distinct: number; readonly lastUpdatedMs: number | null;
}

/** Entities that take the most of what is decided now. */
export interface HotKeys { now(): { /** null: nothing was decided yet. */ readonly asOfMs: number | null; readonly windowMs: number; readonly keys: readonly HotKey[] } }

/** `share`: of the decided events, at least; `shareMax`: at most. */
export interface HotKey { readonly entityType: string; readonly entityId: string; readonly share: number; readonly shareMax: number; readonly perSecond: number | null }
