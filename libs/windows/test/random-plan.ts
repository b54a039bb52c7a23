import type { Aggregate, Value, Window } from '@weir/contracts';
import type { SeededRandom } from '@weir/testkit';
import type { AggregatePlan, ColumnKind } from '../src/channel';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** amount (int), quantity (double), country (text), lat, lon. */
export const testColumns: readonly ColumnKind[] = ['int', 'double', 'text', 'double', 'double'];
export const testFilters = 2;

const numericAggregates: readonly Aggregate[] = ['sum', 'avg', 'min', 'max', 'stddev', 'variance', 'stddev_pop', 'variance_pop', 'median', 'percentile', 'decay_sum'];
const anyAggregates: readonly Aggregate[] = ['count', 'distinct', 'first', 'last', 'last_n', 'last_distinct', 'top_k', 'counts_by', 'since_last', 'since_first'];

export function randomWindow(random: SeededRandom): Window {
  const sizeMs = random.pick([10_000, minuteMs, 5 * minuteMs, hourMs, 6 * hourMs, dayMs, 7 * dayMs]);
  const zone = random.pick([null, 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe']);
  switch (random.int(0, 8)) {
    case 0: return { kind: 'tumbling', sizeMs, slideMs: sizeMs, zone };
    case 1: return { kind: 'hopping', sizeMs, slideMs: sizeMs / random.pick([2, 5]), zone };
    case 2: return { kind: 'session', gapMs: random.pick([30_000, 10 * minuteMs, 2 * hourMs]) };
    case 3: return { kind: 'rows', last: random.int(1, 20) };
    case 4: return { kind: 'calendar', unit: random.pick(['day', 'week', 'month'] as const), zone: zone ?? 'UTC' };
    case 5: return { kind: 'lifetime', delayMs: 0 };
    default: return {
      kind: 'sliding', sizeMs, bounds: random.pick(['open', 'open', 'closed', 'left'] as const),
      delayMs: random.chance(0.2) ? random.pick([minuteMs, hourMs]) : 0, hopMs: random.chance(0.3) ? random.pick([Math.floor(sizeMs / 60), 7_000, sizeMs / 10]) : 1,
    };
  }
}

export function randomAggregates(random: SeededRandom, count: number, window: (random: SeededRandom) => Window = randomWindow): AggregatePlan[] {
  return Array.from({ length: count }, (_, slot) => {
    const kind = random.int(0, 9);
    const agg = kind < 5 ? random.pick(numericAggregates) : kind < 9 ? random.pick(anyAggregates) : 'geo_speed';
    const bare = agg === 'since_last' || agg === 'since_first' || (agg === 'count' && random.chance(0.5));
    const column = numericAggregates.includes(agg) ? random.int(0, 1) : random.int(0, 2);
    return {
      agg, columns: bare ? [] : agg === 'geo_speed' ? [3, 4] : [column], filter: random.chance(0.4) ? random.int(0, testFilters - 1) : -1, window: window(random),
      excludeCurrent: random.chance(0.2), k: random.int(1, 4), n: random.int(1, 5), percentile: agg === 'median' ? 50 : random.pick([50, 90, 99.9]), halfLifeMs: random.pick([minuteMs, hourMs]),
      exactUpTo: 256, slot, numeric: false,
    };
  });
}

export function randomValues(random: SeededRandom): { values: Value[]; passes: Uint8Array } {
  const located = random.chance(0.7);
  return {
    values: [
      random.chance(0.1) ? null : random.pick([100, 500, -20_000, random.int(-1_000_000, 1_000_000), 2 ** 40 + random.int(0, 9)]),
      random.chance(0.1) ? null : random.pick([0, 2.5, -1, 57.16, 0.1, random.int(0, 1_000_000) / 100]),
      random.chance(0.1) ? null : random.pick(['DE', 'US', 'IN', 'FR', `c${random.int(0, 40)}`]),
      located ? random.int(-80, 80) : null, located ? random.int(-170, 170) : null,
    ],
    passes: Uint8Array.from([random.chance(0.5) ? 1 : 0, random.chance(0.2) ? 1 : 0]),
  };
}
