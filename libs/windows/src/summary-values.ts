import type { Aggregate, FeatureValue, Value } from '@weir/contracts';
import type { AggregatePlan } from './channel';
import { ExactSum, centredSquares } from './exact-sum';
import type { Summary } from './summary';

export const emptyList: readonly Value[] = Object.freeze([]);

/** Value of an aggregate that needs no more than exact sums; NaN for null. */
export function totalOf(agg: Aggregate, values: number, sum: ExactSum, squares: ExactSum): number {
  switch (agg) {
    case 'sum': return sum.value();
    case 'avg': return values === 0 ? NaN : sum.value() / values + 0;
    case 'variance': return values < 2 ? NaN : centredSquares(values, sum, squares) / (values * (values - 1));
    case 'stddev': return values < 2 ? NaN : Math.sqrt(centredSquares(values, sum, squares) / (values * (values - 1)));
    case 'variance_pop': return values === 0 ? NaN : centredSquares(values, sum, squares) / (values * values);
    default: return values === 0 ? NaN : Math.sqrt(centredSquares(values, sum, squares) / (values * values));
  }
}

/** The same with extremes. */
export function fromTotals(agg: Aggregate, values: number, { sum, squares, min, max }: { readonly sum: ExactSum; readonly squares: ExactSum; readonly min: number; readonly max: number }): number {
  if (agg === 'min') return values === 0 ? NaN : min;
  if (agg === 'max') return values === 0 ? NaN : max;
  return totalOf(agg, values, sum, squares);
}

/** Whether a summary can only estimate the aggregate. */
export function isApproximate(plan: AggregatePlan, summary: Summary): boolean {
  if (isPercentile(plan)) return true;
  if (plan.agg === 'distinct') return summary.distinct?.count(plan.exactUpTo).exact === false;
  return (plan.agg === 'top_k' || plan.agg === 'counts_by') && summary.counts?.approximate === true;
}

/** Value of an aggregate from a summary of its window. */
export function fromSummary(plan: AggregatePlan, summary: Summary, readMs: number): FeatureValue {
  switch (plan.agg) {
    case 'count': return plan.columns.length === 0 ? summary.rows : summary.values;
    case 'median': case 'percentile': return summary.sketch?.quantile(plan.percentile) ?? null;
    case 'distinct': return summary.distinct?.count(plan.exactUpTo).count ?? 0;
    case 'first': return summary.oldest?.value ?? null;
    case 'last': return summary.newest.at(-1)?.value ?? null;
    case 'since_first': return summary.oldest === null ? null : (readMs - summary.oldest.timeMs) / 1_000;
    case 'last_n': return summary.newest.slice(-plan.n).reverse().map((entry) => entry.value);
    case 'last_distinct': return summary.newestDistinct.slice(-plan.n).reverse().map((entry) => entry.value);
    case 'top_k': case 'counts_by': return shownCounts(plan, summary.counts?.top(plan.k) ?? []);
    default: return nullOr(fromTotals(plan.agg, summary.values, { sum: summary.sum ?? noSum, squares: summary.squares ?? noSum, min: summary.min, max: summary.max }));
  }
}

const noSum = new ExactSum();
const nullOr = (value: number): number | null => (value === value ? value : null);

/** Whether `fromTotals` (or the distinct count) is all an aggregate needs. */
export const isTotal = ({ agg }: AggregatePlan): boolean => {
  switch (agg) {
    case 'count': case 'sum': case 'avg': case 'min': case 'max': case 'stddev': case 'variance': case 'stddev_pop': case 'variance_pop': case 'distinct': return true;
    default: return false;
  }
};
export const isPercentile = (plan: AggregatePlan): boolean => plan.agg === 'median' || plan.agg === 'percentile';

/** The k most frequent values: a list, or counts by value. */
export function shownCounts(plan: AggregatePlan, entries: ReadonlyArray<readonly [Exclude<Value, null>, number]>): FeatureValue {
  if (plan.agg === 'top_k') return entries.length === 0 ? emptyList : entries.map(([value]) => value);
  return Object.fromEntries(entries.map(([value, count]) => [String(value), count]));
}
