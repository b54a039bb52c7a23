/** Which events a read holds, as definitions resolve it and windows compute it. Durations in ms. */
export type Window =
  | { readonly kind: 'sliding'; readonly sizeMs: number; readonly bounds: 'open' | 'closed' | 'left'; readonly delayMs: number; /** 1 = exact. */ readonly hopMs: number }
  | { readonly kind: 'tumbling'; readonly sizeMs: number; readonly slideMs: number; readonly zone: string | null }
  | { readonly kind: 'hopping'; readonly sizeMs: number; readonly slideMs: number; readonly zone: string | null }
  | { readonly kind: 'session'; readonly gapMs: number }
  | { readonly kind: 'rows'; readonly last: number }
  | { readonly kind: 'calendar'; readonly unit: 'day' | 'week' | 'month'; readonly zone: string }
  | { readonly kind: 'lifetime'; readonly delayMs: number };

export type Aggregate =
  | 'count' | 'distinct' | 'sum' | 'avg' | 'min' | 'max' | 'stddev' | 'variance' | 'stddev_pop' | 'variance_pop' | 'median' | 'percentile'
  | 'first' | 'last' | 'last_n' | 'last_distinct' | 'top_k' | 'counts_by' | 'since_last' | 'since_first' | 'decay_sum' | 'geo_speed';
