/** What a feature's values were: kept small, comparable at any time, JSON as it stands. */
export interface NumericReference {
  /** Values, missing ones included. */
  readonly count: number;
  readonly missing: number;
  /** Inner edges of the bins, ascending; a value on an edge belongs below it. */
  readonly edges: readonly number[];
  /** Share of the present values per bin; one more than edges. */
  readonly shares: readonly number[];
  /** Present values, ascending, at most `referenceSampleMax` evenly spaced ones. */
  readonly sample: readonly number[];
}

export const referenceSampleMax = 10_000;
const binsMax = 100;
const binsDefault = 10;

/** Bins of equal share of the reference (its quantiles, equal ones once). NaN is missing. */
export function numericReference(values: ArrayLike<number>, bins = binsDefault): NumericReference {
  if (!Number.isInteger(bins) || bins < 2 || bins > binsMax) throw new RangeError(`2 to ${binsMax} bins expected, got ${bins}`);
  const present = presentSorted(values);
  const inner = Array.from({ length: bins - 1 }, (_, index) => quantile(present, (index + 1) / bins));
  const edges = present.length === 0 ? [] : [...new Set(inner)];
  return { count: values.length, missing: values.length - present.length, edges, shares: sharesByBin(present, edges), sample: thinned(present) };
}

export function presentSorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).filter((value) => !Number.isNaN(value)).sort();
}

/** Shares of the values per bin; all 0 when there are none. */
export function sharesByBin(values: ArrayLike<number>, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (let index = 0; index < values.length; index++) counts[binOf(values[index] as number, edges)]! += 1;
  return counts.map((count) => (values.length === 0 ? 0 : count / values.length));
}

/** Linear interpolation between the closest ranks. */
function quantile(sorted: Float64Array, share: number): number {
  const rank = share * (sorted.length - 1);
  const below = Math.floor(rank);
  const low = sorted[below] ?? Number.NaN;
  return low + (rank - below) * ((sorted[below + 1] ?? low) - low);
}

/** Number of edges below the value. */
function binOf(value: number, edges: readonly number[]): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function thinned(sorted: Float64Array): number[] {
  if (sorted.length <= referenceSampleMax) return Array.from(sorted);
  const step = (sorted.length - 1) / (referenceSampleMax - 1);
  return Array.from({ length: referenceSampleMax }, (_, index) => sorted[Math.round(index * step)] as number);
}
