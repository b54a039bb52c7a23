import type { Aggregate, Window } from '@weir/contracts';
import { exactHashesMin } from './distinct-summary';

/** How a column is held: all as doubles; `int` values are safe integers, text is its number in a table of texts. */
export type ColumnKind = 'int' | 'double' | 'bool' | 'text';

/** One aggregate over the events of one key. Knows columns and filters by number, no names. */
export interface AggregatePlan {
  readonly agg: Aggregate;
  /** Column numbers: none for a bare count, two (latitude, longitude) for `geo_speed`. */
  readonly columns: readonly number[];
  /** Filter number, -1 for none. */
  readonly filter: number;
  readonly window: Window;
  readonly excludeCurrent: boolean;
  readonly k: number;
  readonly n: number;
  readonly percentile: number;
  readonly halfLifeMs: number;
  readonly exactUpTo: number;
  /** Place of the value in what a read fills, from the read's base. */
  readonly slot: number;
  /** True when the value is a number or bool (else text, list or counts). */
  readonly numeric: boolean;
}

/** What a summary of a channel must hold. Rows and non-null values are always counted. */
export const part = Object.freeze({
  sum: 1, squares: 2, extremes: 4, sketch: 8, distinct: 16, counts: 32, newest: 64, oldest: 128, newestDistinct: 256, decay: 512, places: 1024,
});

/** One column (or none, or two) seen through one filter: aggregates over the same channel share its pass and its summaries. */
export interface Channel {
  readonly columns: readonly number[];
  readonly filter: number;
  readonly parts: number;
  /** Entries kept in `newest` and `newestDistinct`. */
  readonly newestMax: number;
  readonly newestDistinctMax: number;
  readonly halfLivesMs: readonly number[];
  /** Distinct values counted exactly. */
  readonly exactDistinctMax: number;
}

/** Partition of plans into channels, with every part that any of them needs. */
export function channelsOf(plans: readonly AggregatePlan[]): readonly Channel[] {
  const byKey = new Map<string, AggregatePlan[]>();
  for (const plan of plans) {
    const key = channelKey(plan);
    const sharing = byKey.get(key);
    if (sharing === undefined) byKey.set(key, [plan]);
    else sharing.push(plan);
  }
  return [...byKey.values()].map((sharing) => ({
    columns: sharing[0]?.columns ?? [],
    filter: sharing[0]?.filter ?? -1,
    parts: sharing.reduce((parts, plan) => parts | partsOf(plan.agg), 0),
    newestMax: Math.max(1, ...sharing.map((plan) => (plan.agg === 'last_n' ? plan.n : 1))),
    newestDistinctMax: Math.max(0, ...sharing.map((plan) => (plan.agg === 'last_distinct' ? plan.n : 0))),
    exactDistinctMax: Math.max(exactHashesMin, ...sharing.map((plan) => (plan.agg === 'distinct' ? plan.exactUpTo : 0))),
    halfLivesMs: [...new Set(sharing.filter((plan) => plan.agg === 'decay_sum').map((plan) => plan.halfLifeMs))].sort((a, b) => a - b),
  }));
}

export const channelKey = (plan: { readonly columns: readonly number[]; readonly filter: number }): string => `${plan.columns.join(',')}/${plan.filter}`;

function partsOf(agg: Aggregate): number {
  switch (agg) {
    case 'count': return 0;
    case 'sum': case 'avg': return part.sum;
    case 'stddev': case 'variance': case 'stddev_pop': case 'variance_pop': return part.sum | part.squares;
    case 'min': case 'max': return part.extremes;
    case 'median': case 'percentile': return part.sketch;
    case 'distinct': return part.distinct;
    case 'top_k': case 'counts_by': return part.counts;
    case 'last': case 'last_n': case 'since_last': return part.newest;
    case 'first': case 'since_first': return part.oldest;
    case 'last_distinct': return part.newestDistinct;
    case 'decay_sum': return part.decay;
    case 'geo_speed': return part.places;
  }
}
