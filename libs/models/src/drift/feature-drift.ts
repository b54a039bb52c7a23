import { jensenShannonDistance, kolmogorovSmirnov, kolmogorovSmirnovPValue, populationStability } from './distances';
import { presentSorted, sharesByBin, type NumericReference } from './numeric-reference';

/** How far a feature's values are from its reference. */
export interface FeatureDrift {
  /** Missing values are a bin of their own in `psi` and `jensenShannon`. */
  readonly psi: number;
  readonly jensenShannon: number;
  /** Of the present values; null for categories. */
  readonly kolmogorovSmirnov: { readonly distance: number; readonly pValue: number } | null;
  readonly missingRate: { readonly reference: number; readonly current: number };
  /** Categories the reference does not have, and their share of the current values. */
  readonly newCategories: readonly string[];
  readonly newCategoriesShare: number;
}

export interface CategoryReference {
  readonly count: number;
  readonly missing: number;
  /** Values and how often; the rarest beyond `categoriesMax` are counted under no name and never called new. */
  readonly countByValue: Readonly<Record<string, number>>;
  readonly complete: boolean;
}

export const categoriesMax = 1_000;

/** Compares numbers with their reference. NaN is missing. */
export function numericDrift(reference: NumericReference, values: ArrayLike<number>): FeatureDrift {
  const present = presentSorted(values);
  const before = withMissing(reference.shares, reference.missing, reference.count);
  const now = withMissing(sharesByBin(present, reference.edges), values.length - present.length, values.length);
  const distance = kolmogorovSmirnov(reference.sample, present);
  return {
    psi: populationStability(before, now), jensenShannon: jensenShannonDistance(before, now),
    kolmogorovSmirnov: { distance, pValue: kolmogorovSmirnovPValue(distance, reference.sample.length, present.length) },
    missingRate: { reference: rate(reference.missing, reference.count), current: rate(values.length - present.length, values.length) },
    newCategories: [], newCategoriesShare: 0,
  };
}

/** The categories of a reference window; null is missing. */
export function categoryReference(values: readonly (string | null)[]): CategoryReference {
  const counts = countValues(values);
  const kept = [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1)).slice(0, categoriesMax);
  return { count: values.length, missing: values.filter((value) => value === null).length, countByValue: Object.fromEntries(kept), complete: kept.length === counts.size };
}

export function categoryDrift(reference: CategoryReference, values: readonly (string | null)[]): FeatureDrift {
  const counts = countValues(values);
  const known = Object.keys(reference.countByValue).sort();
  const newCategories = reference.complete ? [...counts.keys()].filter((value) => !Object.hasOwn(reference.countByValue, value)).sort() : [];
  const missing = values.filter((value) => value === null).length;
  const restOf = (count: number, gone: number, byName: number): number => Math.max(0, count - gone - byName);
  const namedNow = known.reduce((sum, value) => sum + (counts.get(value) ?? 0), 0);
  const namedBefore = known.reduce((sum, value) => sum + (reference.countByValue[value] ?? 0), 0);
  const before = [...known.map((value) => reference.countByValue[value] ?? 0), restOf(reference.count, reference.missing, namedBefore), reference.missing].map((count) => rate(count, reference.count));
  const now = [...known.map((value) => counts.get(value) ?? 0), restOf(values.length, missing, namedNow), missing].map((count) => rate(count, values.length));
  return {
    psi: populationStability(before, now), jensenShannon: jensenShannonDistance(before, now), kolmogorovSmirnov: null,
    missingRate: { reference: rate(reference.missing, reference.count), current: rate(missing, values.length) },
    newCategories: newCategories.slice(0, categoriesMax), newCategoriesShare: rate(newCategories.reduce((sum, value) => sum + (counts.get(value) ?? 0), 0), values.length),
  };
}

/** What counts as drift; a feature drifts when any of them is passed. */
export interface DriftLimits {
  readonly psi: number;
  /** The distance must be passed and the p-value be below; in large windows any difference is significant. */
  readonly kolmogorovSmirnov: { readonly distance: number; readonly pValue: number };
  readonly jensenShannon: number;
  readonly missingRateChange: number;
  readonly newCategoriesShare: number;
}

const driftLimitsDefault: DriftLimits = Object.freeze({ psi: 0.2, kolmogorovSmirnov: { distance: 0.1, pValue: 0.01 }, jensenShannon: 0.2, missingRateChange: 0.05, newCategoriesShare: 0.01 });

/** Names of the limits a feature passes; none: it did not drift. */
export function limitsPassed(drift: FeatureDrift, limits: DriftLimits = driftLimitsDefault): (keyof DriftLimits)[] {
  const ks = drift.kolmogorovSmirnov;
  const passed: Record<keyof DriftLimits, boolean> = {
    psi: drift.psi > limits.psi,
    kolmogorovSmirnov: ks !== null && ks.distance > limits.kolmogorovSmirnov.distance && ks.pValue < limits.kolmogorovSmirnov.pValue,
    jensenShannon: drift.jensenShannon > limits.jensenShannon,
    missingRateChange: Math.abs(drift.missingRate.current - drift.missingRate.reference) > limits.missingRateChange,
    newCategoriesShare: drift.newCategoriesShare > limits.newCategoriesShare,
  };
  return (Object.keys(passed) as (keyof DriftLimits)[]).filter((limit) => passed[limit]);
}

function countValues(values: readonly (string | null)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function withMissing(shares: readonly number[], missing: number, count: number): number[] {
  const missingRate = rate(missing, count);
  return [...shares.map((share) => share * (1 - missingRate)), missingRate];
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
