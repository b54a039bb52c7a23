import type { FeatureValue, Value } from '@weir/contracts';
import type { AggregatePlan } from '../src/channel';
import { compareValues } from '../src/compare-values';
import { distanceKm } from '../src/geo';
import { zoneOf } from '../src/zone';

/** An event as the oracle keeps it: all of them, for ever. */
export interface OracleEvent { readonly timeMs: number; readonly order: number; readonly values: readonly Value[]; readonly passes: Uint8Array }
export interface OracleAnswer { readonly value: FeatureValue; readonly approximate: boolean }

const cap = 512;
const fraction = 60n;

/** A double as a whole number of 2^-60; exact for the values tests use. */
const exact = (x: number): bigint => BigInt(x * 2 ** 60);
const rounded = (x: bigint): number => Number(x) / 2 ** Number(fraction);

/** The meaning of one aggregate, evaluated over all events with whole-number arithmetic: slow, and nothing like the kernel. */
export function oracle(plan: AggregatePlan, all: readonly OracleEvent[], readMs: number, current: OracleEvent | undefined): OracleAnswer {
  const sorted = sortedOf(all);
  const excludes = plan.excludeCurrent || plan.agg === 'since_last';
  const { rows, approximate } = windowOf(plan, excludes ? sorted.filter((event) => event !== current) : sorted, sorted, readMs, excludes ? undefined : current);
  const seen = rows.filter((event) => plan.filter < 0 || event.passes[plan.filter] === 1);
  return { value: valueOf(plan, seen, readMs, excludes ? undefined : current), approximate };
}

let sortedFor: { readonly all: readonly OracleEvent[]; readonly count: number; readonly sorted: readonly OracleEvent[] } | undefined;

function sortedOf(all: readonly OracleEvent[]): readonly OracleEvent[] {
  if (sortedFor?.all !== all || sortedFor.count !== all.length) sortedFor = { all, count: all.length, sorted: [...all].sort((a, b) => a.timeMs - b.timeMs || a.order - b.order) };
  return sortedFor.sorted;
}

function windowOf(plan: AggregatePlan, events: readonly OracleEvent[], all: readonly OracleEvent[], readMs: number, current: OracleEvent | undefined): { rows: OracleEvent[]; approximate: boolean } {
  const { window } = plan;
  const upTo = events.filter((event) => event.timeMs <= readMs);
  const between = (low: number, high: number): OracleEvent[] => events.filter((event) => event.timeMs >= low && event.timeMs < high);
  switch (window.kind) {
    case 'rows': return { rows: upTo.slice(-window.last), approximate: false };
    case 'lifetime': return { rows: between(-Infinity, readMs - window.delayMs + 1), approximate: false };
    case 'calendar': {
      const low = zoneOf(window.zone).startOf(window.unit, readMs);
      return { rows: between(low, readMs + 1), approximate: all.filter((event) => event.timeMs >= low).length > cap };
    }
    case 'session': {
      const rows: OracleEvent[] = [];
      let at = readMs;
      for (const event of [...upTo].reverse()) {
        if (at - event.timeMs > window.gapMs) break;
        rows.unshift(event);
        at = event.timeMs;
      }
      return { rows, approximate: false };
    }
    case 'tumbling': case 'hopping': {
      const offset = window.zone === null ? 0 : zoneOf(window.zone).offsetMs(readMs);
      const end = Math.floor((readMs + offset) / window.slideMs) * window.slideMs - offset;
      return { rows: between(end - window.sizeMs, end), approximate: all.filter((event) => event.timeMs >= end - window.sizeMs).length > cap };
    }
    case 'sliding': {
      const upper = readMs - window.delayMs;
      const lower = upper - window.sizeMs;
      const inside = (time: number, low: number): boolean => (window.bounds === 'open' ? time > low : time >= low);
      const atUpper = (time: number, high: number): boolean => (window.bounds === 'left' ? time < high : time <= high);
      const newer = all.filter((event) => inside(event.timeMs, lower)).length;
      const hop = window.sizeMs / 60;
      if (newer <= cap) {
        const low = window.hopMs === 1 ? lower : Math.floor(lower / window.hopMs) * window.hopMs;
        return { rows: events.filter((event) => inside(event.timeMs, low) && atUpper(event.timeMs, upper)), approximate: false };
      }
      const low = Math.floor(lower / hop) * hop;
      const floored = all.filter((event) => !atUpper(event.timeMs, upper)).length > cap;
      const high = floored ? Math.floor(upper / hop) * hop : upper;
      const kept = (event: OracleEvent): boolean => inside(event.timeMs, low) && ((window.bounds === 'closed' && floored ? event.timeMs < high : atUpper(event.timeMs, high)) || (event === current && atUpper(event.timeMs, upper)));
      return { rows: events.filter(kept), approximate: true };
    }
  }
}

function valueOf(plan: AggregatePlan, seen: readonly OracleEvent[], readMs: number, current: OracleEvent | undefined): FeatureValue {
  const column = plan.columns[0];
  const of = (event: OracleEvent): Value => (column === undefined ? null : event.values[column] ?? null);
  const values = seen.map(of).filter((value) => value !== null);
  const numbers = values.map(Number);
  const newestFirst = [...seen].reverse();
  switch (plan.agg) {
    case 'count': return column === undefined ? seen.length : values.length;
    case 'sum': return rounded(numbers.reduce((sum, x) => sum + exact(x), 0n));
    case 'avg': return numbers.length === 0 ? null : rounded(numbers.reduce((sum, x) => sum + exact(x), 0n)) / numbers.length;
    case 'min': return numbers.length === 0 ? null : Math.min(...numbers);
    case 'max': return numbers.length === 0 ? null : Math.max(...numbers);
    case 'variance': case 'stddev': case 'variance_pop': case 'stddev_pop': {
      const n = BigInt(numbers.length);
      const divisor = plan.agg.endsWith('_pop') ? n * n : n * (n - 1n);
      if (n === 0n || divisor === 0n) return null;
      const sum = numbers.reduce((total, x) => total + exact(x), 0n);
      const squares = numbers.reduce((total, x) => total + exact(x) * exact(x), 0n);
      const variance = Number(n * squares - sum * sum) / 2 ** 120 / Number(divisor);
      return plan.agg.startsWith('variance') ? variance : Math.sqrt(variance);
    }
    case 'median': case 'percentile': {
      if (numbers.length === 0) return null;
      const sorted = [...numbers].sort((a, b) => a - b);
      const rank = (plan.percentile / 100) * (sorted.length - 1);
      const low = sorted[Math.floor(rank)] as number;
      return low + ((sorted[Math.ceil(rank)] as number) - low) * (rank - Math.floor(rank));
    }
    case 'distinct': return new Set(values).size;
    case 'first': return seen[0] === undefined ? null : of(seen[0]);
    case 'last': return newestFirst[0] === undefined ? null : of(newestFirst[0]);
    case 'last_n': return newestFirst.slice(0, plan.n).map(of);
    case 'last_distinct': return [...new Set(newestFirst.map(of))].slice(0, plan.n);
    case 'since_last': return newestFirst[0] === undefined ? null : (readMs - newestFirst[0].timeMs) / 1000;
    case 'since_first': return seen[0] === undefined ? null : (readMs - seen[0].timeMs) / 1000;
    case 'top_k': case 'counts_by': {
      const counts = new Map<Exclude<Value, null>, number>();
      for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
      const top = [...counts].sort((a, b) => b[1] - a[1] || compareValues(a[0], b[0])).slice(0, plan.k);
      return plan.agg === 'top_k' ? top.map(([value]) => value) : Object.fromEntries(top.map(([value, count]) => [String(value), count]));
    }
    case 'decay_sum': return seen.reduce((sum, event) => sum + (of(event) === null ? 0 : Number(of(event)) * 2 ** (-(readMs - event.timeMs) / plan.halfLifeMs)), 0);
    case 'geo_speed': {
      const place = (event: OracleEvent | undefined): [number, number] | undefined => {
        const lat = event?.values[plan.columns[0] ?? 0];
        const lon = event?.values[plan.columns[1] ?? 0];
        return typeof lat === 'number' && typeof lon === 'number' ? [lat, lon] : undefined;
      };
      const here = current ?? seen.at(-1);
      const before = seen.findLast((event) => event !== here && place(event) !== undefined);
      const [a, b] = [place(before), place(here)];
      if (here === undefined || before === undefined || a === undefined || b === undefined || before.timeMs === here.timeMs) return null;
      return distanceKm(a[0], a[1], b[0], b[1]) / ((here.timeMs - before.timeMs) / 3_600_000);
    }
  }
}
