import { statusCode, type FeatureValue, type Value } from '@weir/contracts';
import type { AggregatePlan, Channel } from './channel';
import { ExactSum, centredSquares } from './exact-sum';
import { DistinctSummary, type DistinctCount } from './distinct-summary';
import { distanceKm, speedKmh } from './geo';
import { hashValue } from './hash';
import type { KernelPlan, WindowGroup } from './kernel-plan';
import type { KeyedState } from './keyed-state';
import { percentileOf } from './percentile';
import { MergedTiles, summaryIn } from './merged-tiles';
import type { ChannelTotals, RangeTotals } from './range-totals';
import type { RawRows } from './raw-rows';
import { RowPass } from './row-pass';
import { selectWindow, type Selection } from './selection';
import { Summary, decayed, type Entry } from './summary';
import { decayClassIndex } from './tile-class';
import type { Tile } from './tile-set';
import { sortByCount } from './value-counts';

/** What a read fills in; a `FeatureVector` is one. */
export interface ReadTarget {
  readonly numbers: Float64Array;
  readonly others: (FeatureValue | undefined)[];
  readonly statuses: Uint8Array;
}

export interface ReadOptions {
  /** Query time, ms. */
  readonly readMs: number;
  /** Row of the current event, -1 when the read has none (in this view). */
  readonly currentRow: number;
  /** The current event's value in a column, also when it isn't in the view; null without a current event of the view's source. */
  readonly currentValue: ((column: number) => Value) | null;
  /** Where the view's history begins, ms; -Infinity when it has seen everything. */
  readonly sinceMs: number;
  /** Age after which a key is out of date, ms; null for none. */
  readonly ttlMs: number | null;
  /** Added to every slot of the plan. */
  readonly base: number;
}

/** From so many rows on, a group's totals are carried from read to read. */
const carriedRowsMin = 48;
const emptyList: readonly Value[] = Object.freeze([]);

/** Evaluates all aggregates of a plan for one key at one time. Holds scratch memory: one reader per owner, never shared by threads. */
export class KernelReader {
  private readonly selection: Selection = { from: 0, until: 0, extra: -1, lowMs: 0, tiles: [], tileClass: -1, wholeTail: false, approximate: false, warming: false };
  private readonly passes: RowPass[] = [];
  private readonly passDone: boolean[] = [];
  private readonly combined = new RowPass();
  private readonly summaries: (Summary | undefined)[] = [];
  private totals: RangeTotals | null = null;
  private tiled: readonly Summary[] | null = null;
  private values = new Float64Array(1_024);
  private stamps = new Int32Array(256);
  private stamp = 0;
  private counts = new Int32Array(256);
  private wasEstimated = false;

  constructor(private readonly plan: KernelPlan) {}

  /**
   * Fills in values and statuses of all slots. A stranger (no state, or none at or before the read) gets NOT_FOUND in each, one past its
   * ttl OUTSIDE_MAX_AGE. Gives that status, or PRESENT where each slot has its own.
   */
  read(state: KeyedState | undefined, options: ReadOptions, into: ReadTarget): number {
    const { readMs, ttlMs } = options;
    if (state === undefined || state.firstMs > readMs) { this.fill(into, options.base, statusCode.NOT_FOUND); return statusCode.NOT_FOUND; }
    if (ttlMs !== null && ttlMs > 0 && readMs - newestAtOrBefore(state, readMs) > ttlMs) { this.fill(into, options.base, statusCode.OUTSIDE_MAX_AGE); return statusCode.OUTSIDE_MAX_AGE; }
    const { groups } = this.plan;
    for (let index = 0; index < groups.length; index++) this.readGroup(state, index, options, into);
    return statusCode.PRESENT;
  }

  private fill(into: ReadTarget, base: number, status: number): void {
    for (const { aggregates } of this.plan.groups) for (const { plan } of aggregates) setNull(into, base + plan.slot, plan.numeric, status);
  }

  private readGroup(state: KeyedState, index: number, options: ReadOptions, into: ReadTarget): void {
    const { selection } = this;
    const group = this.plan.groups[index] as WindowGroup;
    selectWindow(state, group, options, selection);
    this.begin(state, group, index);
    const { aggregates } = group;
    for (let i = 0; i < aggregates.length; i++) {
      const { plan, channel } = aggregates[i] as WindowGroup['aggregates'][number];
      this.wasEstimated = false;
      const value = this.evaluate(state, group, { plan, channel }, options);
      setValue(into, options.base + plan.slot, plan.numeric, value, selection.warming, selection.approximate || this.wasEstimated);
    }
  }

  /** Large ranges are carried from read to read; small ones are summed as they are. */
  private begin(state: KeyedState, group: WindowGroup, index: number): void {
    const { selection } = this;
    for (let i = 0; i < group.channels.length; i++) { this.passDone[i] = false; this.summaries[i] = undefined; }
    this.totals = group.carries && selection.until - selection.from >= carriedRowsMin ? state.totalsOf(index, selection.from, selection.until) : null;
    this.tiled = null;
    if (selection.tiles.length === 0 || selection.extra >= 0 || !selection.wholeTail || !group.carries) return;
    let merged = state.mergedOf(index, selection.tileClass, selection.lowMs);
    if (merged === undefined) {
      merged = new MergedTiles(selection.tileClass, selection.lowMs, state.tileSets?.[selection.tileClass]?.version ?? -1, group.channels, selection.tiles);
      state.keepMerged(index, merged);
    }
    this.tiled = merged.summaries;
  }

  private evaluate(state: KeyedState, group: WindowGroup, { plan, channel }: { readonly plan: AggregatePlan; readonly channel: number }, options: ReadOptions): FeatureValue {
    const { selection } = this;
    const { raw } = state;
    if (plan.agg === 'decay_sum') return this.decaySum(state, group, plan, options.readMs);
    if (plan.agg === 'since_last') return this.sinceLast(raw, group, channel, plan, options.readMs);
    if (plan.agg === 'geo_speed') return this.geoSpeed(state, group, channel, plan, options);
    if (selection.tiles.length === 0 && selection.extra < 0 && !(selection.approximate && isPercentile(plan))) return this.fromRows(raw, group, channel, plan, options.readMs);
    if (this.tiled !== null && isTotal(plan)) return this.fromTotalsWithTiles(raw, group, channel, plan);
    const summary = this.summaryOf(raw, group, channel, options.readMs);
    this.wasEstimated = isApproximate(plan, summary);
    return fromSummary(plan, summary, options.readMs);
  }

  /** Totals of a channel over the selected rows. */
  private pass(raw: RawRows, group: WindowGroup, channel: number): ChannelTotals | RowPass {
    const { from, until } = this.selection;
    const carried = this.totals?.channels[channel];
    if (carried !== undefined) {
      carried.settleExtremes(raw, from, until);
      return carried;
    }
    const pass = (this.passes[channel] ??= new RowPass());
    if (!this.passDone[channel]) {
      pass.run(raw, group.channels[channel] as Channel, from, until);
      this.passDone[channel] = true;
    }
    return pass;
  }

  private fromTotalsWithTiles(raw: RawRows, group: WindowGroup, channel: number, plan: AggregatePlan): FeatureValue {
    const tiled = this.tiled?.[channel] as Summary;
    if (plan.agg === 'distinct') return this.estimated((tiled.distinct as DistinctSummary).countWith(this.values, this.distinctHashes(raw, channel, plan), plan.exactUpTo));
    const pass = this.pass(raw, group, channel);
    if (plan.agg === 'count') return plan.columns.length === 0 ? tiled.rows + pass.rows : tiled.values + pass.values;
    const { combined } = this;
    combined.sum.reset();
    combined.squares.reset();
    if (tiled.sum !== null) { combined.sum.mergeFrom(tiled.sum); combined.sum.mergeFrom(pass.sum); }
    if (tiled.squares !== null) { combined.squares.mergeFrom(tiled.squares); combined.squares.mergeFrom(pass.squares); }
    return fromTotals(plan, tiled.values + pass.values, combined.sum, combined.squares, Math.min(tiled.min, pass.min), Math.max(tiled.max, pass.max));
  }

  private estimated({ count, exact }: DistinctCount): number {
    this.wasEstimated = !exact;
    return count;
  }

  private summaryOf(raw: RawRows, group: WindowGroup, channel: number, readMs: number): Summary {
    const known = this.summaries[channel];
    if (known !== undefined) return known;
    const { selection } = this;
    const plan = group.channels[channel] as Channel;
    const summary = new Summary(plan, readMs);
    for (const tile of selection.tiles) summary.mergeFrom(summaryIn(tile, plan));
    for (let row = selection.from; row < selection.until; row++) summary.addRow(raw, row);
    if (selection.extra >= 0) summary.addRow(raw, selection.extra);
    this.summaries[channel] = summary;
    return summary;
  }

  private fromRows(raw: RawRows, group: WindowGroup, channel: number, plan: AggregatePlan, readMs: number): FeatureValue {
    switch (plan.agg) {
      case 'count': { const pass = this.pass(raw, group, channel); return plan.columns.length === 0 ? pass.rows : pass.values; }
      case 'sum': case 'avg': case 'min': case 'max': case 'stddev': case 'stddev_pop': case 'variance': case 'variance_pop': {
        const pass = this.pass(raw, group, channel);
        return fromTotals(plan, pass.values, pass.sum, pass.squares, pass.min, pass.max);
      }
      case 'median': case 'percentile': return this.percentile(raw, plan);
      case 'distinct': return this.distinct(raw, channel, plan);
      case 'first': { const row = this.firstRow(raw, plan); return row < 0 ? null : raw.valueAt(plan.columns[0] as number, row); }
      case 'last': { const row = this.lastRow(raw, plan, this.selection.until); return row < 0 ? null : raw.valueAt(plan.columns[0] as number, row); }
      case 'since_first': { const row = this.firstRow(raw, plan); return row < 0 ? null : (readMs - raw.timeAt(row)) / 1_000; }
      case 'last_n': case 'last_distinct': return this.newestValues(raw, plan);
      case 'top_k': case 'counts_by': return this.counted(raw, channel, plan);
      default: return null;
    }
  }

  private passesFilter(raw: RawRows, plan: AggregatePlan, row: number): boolean {
    return plan.filter < 0 || raw.passes(plan.filter, row);
  }

  private firstRow(raw: RawRows, plan: AggregatePlan): number {
    for (let row = this.selection.from; row < this.selection.until; row++) if (this.passesFilter(raw, plan, row)) return row;
    return -1;
  }

  private lastRow(raw: RawRows, plan: AggregatePlan, until: number): number {
    for (let row = until - 1; row >= this.selection.from; row--) if (this.passesFilter(raw, plan, row)) return row;
    return -1;
  }

  private newestValues(raw: RawRows, plan: AggregatePlan): readonly Value[] {
    const values: Value[] = [];
    for (let row = this.selection.until - 1; row >= this.selection.from && values.length < plan.n; row--) {
      if (!this.passesFilter(raw, plan, row)) continue;
      const value = raw.valueAt(plan.columns[0] as number, row);
      if (plan.agg === 'last_n' || !values.includes(value)) values.push(value);
    }
    return values.length === 0 ? emptyList : values;
  }

  private percentile(raw: RawRows, plan: AggregatePlan): number | null {
    const column = plan.columns[0] as number;
    const { from, until } = this.selection;
    this.reserve(until - from);
    let count = 0;
    for (let row = from; row < until; row++) {
      const value = raw.numberAt(column, row);
      if (value === value && this.passesFilter(raw, plan, row)) this.values[count++] = value;
    }
    return percentileOf(this.values, count, plan.percentile);
  }

  private distinct(raw: RawRows, channel: number, plan: AggregatePlan): number {
    const carried = this.totals?.channels[channel];
    const count = carried?.counts !== undefined && carried.counts !== null ? carried.distinct : this.distinctIn(raw, plan);
    if (count <= plan.exactUpTo) return count;
    return this.estimated(new DistinctSummary(plan.exactUpTo).countWith(this.values, this.distinctHashes(raw, channel, plan), plan.exactUpTo));
  }

  private distinctIn(raw: RawRows, plan: AggregatePlan): number {
    const column = plan.columns[0] as number;
    const { from, until } = this.selection;
    if (raw.kindOf(column) !== 'text') return this.numbersIn(raw, plan).size;
    const stamps = this.stampsFor(raw.textCount(column));
    let count = 0;
    for (let row = from; row < until; row++) {
      const code = raw.numberAt(column, row);
      if (code !== code || stamps[code] === this.stamp || !this.passesFilter(raw, plan, row)) continue;
      stamps[code] = this.stamp;
      count++;
    }
    return count;
  }

  private numbersIn(raw: RawRows, plan: AggregatePlan): ReadonlySet<Exclude<Value, null>> {
    const seen = new Set<Exclude<Value, null>>();
    for (let row = this.selection.from; row < this.selection.until; row++) {
      const value = this.passesFilter(raw, plan, row) ? raw.valueAt(plan.columns[0] as number, row) : null;
      if (value !== null) seen.add(value);
    }
    return seen;
  }

  /** Puts the hashes of the distinct values into `values`; how many. */
  private distinctHashes(raw: RawRows, channel: number, plan: AggregatePlan): number {
    const column = plan.columns[0] as number;
    const { from, until } = this.selection;
    const carried = this.totals?.channels[channel]?.counts ?? null;
    let count = 0;
    this.reserve(Math.max(until - from, carried?.length ?? 0));
    if (carried !== null) {
      for (let code = 0; code < carried.length; code++) if ((carried[code] as number) > 0) this.values[count++] = raw.hashOf(column, code);
    } else if (raw.kindOf(column) === 'text') {
      const stamps = this.stampsFor(raw.textCount(column));
      for (let row = from; row < until; row++) {
        const code = raw.numberAt(column, row);
        if (code !== code || stamps[code] === this.stamp || !this.passesFilter(raw, plan, row)) continue;
        stamps[code] = this.stamp;
        this.values[count++] = raw.hashOf(column, code);
      }
    } else for (const value of this.numbersIn(raw, plan)) this.values[count++] = hashValue(value);
    return count;
  }

  private counted(raw: RawRows, channel: number, plan: AggregatePlan): FeatureValue {
    const column = plan.columns[0] as number;
    const { from, until } = this.selection;
    const entries: Array<[Exclude<Value, null>, number]> = [];
    const carried = this.totals?.channels[channel]?.counts ?? null;
    if (carried !== null) {
      for (let code = 0; code < carried.length; code++) if ((carried[code] as number) > 0) entries.push([raw.textOf(column, code), carried[code] as number]);
    } else if (raw.kindOf(column) === 'text') {
      const stamps = this.stampsFor(raw.textCount(column));
      const codes: number[] = [];
      for (let row = from; row < until; row++) {
        const code = raw.numberAt(column, row);
        if (code !== code || !this.passesFilter(raw, plan, row)) continue;
        if (stamps[code] === this.stamp) { this.counts[code] = (this.counts[code] as number) + 1; continue; }
        stamps[code] = this.stamp;
        this.counts[code] = 1;
        codes.push(code);
      }
      for (const code of codes) entries.push([raw.textOf(column, code), this.counts[code] as number]);
    } else {
      const counts = new Map<Exclude<Value, null>, number>();
      for (let row = from; row < until; row++) {
        const value = this.passesFilter(raw, plan, row) ? raw.valueAt(column, row) : null;
        if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      entries.push(...counts);
    }
    return shownCounts(plan, sortByCount(entries).slice(0, plan.k));
  }

  private reserve(count: number): void {
    if (this.values.length < count) this.values = new Float64Array(2 * count);
  }

  private stampsFor(count: number): Int32Array {
    if (this.stamps.length < count) {
      this.stamps = new Int32Array(2 * count);
      this.counts = new Int32Array(2 * count);
    }
    this.stamp = this.stamp === 2_147_483_647 ? (this.stamps.fill(0), 1) : this.stamp + 1;
    return this.stamps;
  }

  private sinceLast(raw: RawRows, group: WindowGroup, channel: number, plan: AggregatePlan, readMs: number): number | null {
    const row = this.lastRow(raw, plan, this.selection.until);
    if (row >= 0) return (readMs - raw.timeAt(row)) / 1_000;
    let newestMs = -Infinity;
    for (const tile of this.selection.tiles) newestMs = Math.max(newestMs, summaryIn(tile, group.channels[channel] as Channel).newest.at(-1)?.timeMs ?? -Infinity);
    return newestMs === -Infinity ? null : (readMs - newestMs) / 1_000;
  }

  private decaySum(state: KeyedState, group: WindowGroup, plan: AggregatePlan, readMs: number): number {
    const { raw } = state;
    const { selection } = this;
    const column = plan.columns[0] as number;
    let sum = 0;
    const tiles = group.window.kind === 'lifetime' ? this.decayTiles(state, plan) : selection.tiles;
    for (const tile of tiles) {
      const summary = summaryWithDecay(tile, plan);
      const decay = summary?.decays[summary.channel.halfLivesMs.indexOf(plan.halfLifeMs)];
      if (summary !== undefined && decay !== undefined) sum += decayed(decay.value(), readMs - summary.referenceMs, plan.halfLifeMs);
    }
    const add = (row: number): void => {
      const value = raw.numberAt(column, row);
      if (value === value && this.passesFilter(raw, plan, row)) sum += decayed(value, readMs - raw.timeAt(row), plan.halfLifeMs);
    };
    for (let row = selection.from; row < selection.until; row++) add(row);
    if (selection.extra >= 0) add(selection.extra);
    return sum;
  }

  private decayTiles(state: KeyedState, plan: AggregatePlan): readonly Tile[] {
    return state.tileSets?.[decayClassIndex(this.plan.tileClasses, plan.halfLifeMs)]?.tiles ?? [];
  }

  /** From the newest located event before it to this one: the current event, in the view or not, else the newest. */
  private geoSpeed(state: KeyedState, group: WindowGroup, channel: number, plan: AggregatePlan, options: ReadOptions): number | null {
    const { raw } = state;
    const { selection } = this;
    const placeAt = (row: number): Entry | undefined => placeOf(raw.timeAt(row), raw.numberAt(plan.columns[0] as number, row), raw.numberAt(plan.columns[1] as number, row));
    let here: Entry | undefined;
    let until = selection.until;
    const current = plan.excludeCurrent ? null : options.currentValue;
    if (current !== null) {
      here = placeOf(options.readMs, current(plan.columns[0] as number), current(plan.columns[1] as number));
      if (options.currentRow >= 0) until = Math.min(until, options.currentRow);
    } else {
      until = this.lastRow(raw, plan, until);
      if (until < 0) {
        const places = selection.tiles.length === 0 ? [] : this.summaryOf(raw, group, channel, options.readMs).places;
        return speedBetween(places.filter((entry) => entry.value !== null).at(-2), places.at(-1));
      }
      here = placeAt(until);
    }
    if (here === undefined) return null;
    for (let row = until - 1; row >= selection.from; row--) {
      const before = this.passesFilter(raw, plan, row) ? placeAt(row) : undefined;
      if (before !== undefined) return speedBetween(before, here);
    }
    let before: Entry | undefined;
    for (const tile of selection.tiles) for (const entry of summaryIn(tile, group.channels[channel] as Channel).places) if (entry.value !== null && (before === undefined || entry.timeMs >= before.timeMs)) before = entry;
    return speedBetween(before, here);
  }
}

const placeOf = (timeMs: number, lat: Value, lon: Value): Entry | undefined =>
  typeof lat === 'number' && typeof lon === 'number' && lat === lat && lon === lon ? { timeMs, value: lat, lon } : undefined;

/** Newest event at or before the read, as far as it is known to the ms; what only tiles know counts as their newest. */
function newestAtOrBefore(state: KeyedState, readMs: number): number {
  const { raw } = state;
  const row = raw.firstAtOrAfter(readMs + 1) - 1;
  if (row >= raw.head) return raw.timeAt(row);
  return Math.min(state.spilledNewestMs === -Infinity ? readMs : state.spilledNewestMs, readMs);
}

function summaryWithDecay(tile: Tile, plan: AggregatePlan): Summary | undefined {
  return tile.summaries.find(({ channel }) => channel.filter === plan.filter && channel.columns[0] === plan.columns[0] && channel.columns.length === 1 && channel.halfLivesMs.includes(plan.halfLifeMs));
}

function speedBetween(before: Entry | undefined, here: Entry | undefined): number | null {
  if (before === undefined || here === undefined || here.value === null || before.value === null || before.timeMs === here.timeMs) return null;
  return speedKmh(distanceKm(Number(before.value), before.lon, Number(here.value), here.lon), here.timeMs - before.timeMs);
}

function fromTotals(plan: AggregatePlan, values: number, sum: ExactSum, squares: ExactSum, min: number, max: number): number | null {
  switch (plan.agg) {
    case 'sum': return sum.value();
    case 'avg': return values === 0 ? null : sum.value() / values + 0;
    case 'min': return values === 0 ? null : min;
    case 'max': return values === 0 ? null : max;
    case 'variance': return values < 2 ? null : centredSquares(values, sum, squares) / (values * (values - 1));
    case 'stddev': return values < 2 ? null : Math.sqrt(centredSquares(values, sum, squares) / (values * (values - 1)));
    case 'variance_pop': return values === 0 ? null : centredSquares(values, sum, squares) / (values * values);
    default: return values === 0 ? null : Math.sqrt(centredSquares(values, sum, squares) / (values * values));
  }
}

function isApproximate(plan: AggregatePlan, summary: Summary): boolean {
  if (isPercentile(plan)) return true;
  if (plan.agg === 'distinct') return summary.distinct?.count(plan.exactUpTo).exact === false;
  return (plan.agg === 'top_k' || plan.agg === 'counts_by') && summary.counts?.approximate === true;
}

function fromSummary(plan: AggregatePlan, summary: Summary, readMs: number): FeatureValue {
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
    default: return fromTotals(plan, summary.values, summary.sum ?? noSum, summary.squares ?? noSum, summary.min, summary.max);
  }
}

const noSum = new ExactSum();
const isTotal = ({ agg }: AggregatePlan): boolean => {
  switch (agg) {
    case 'count': case 'sum': case 'avg': case 'min': case 'max': case 'stddev': case 'variance': case 'stddev_pop': case 'variance_pop': case 'distinct': return true;
    default: return false;
  }
};
const isPercentile = (plan: AggregatePlan): boolean => plan.agg === 'median' || plan.agg === 'percentile';

function shownCounts(plan: AggregatePlan, entries: ReadonlyArray<readonly [Exclude<Value, null>, number]>): FeatureValue {
  if (plan.agg === 'top_k') return entries.length === 0 ? emptyList : entries.map(([value]) => value);
  return Object.fromEntries(entries.map(([value, count]) => [String(value), count]));
}

function setNull(into: ReadTarget, slot: number, numeric: boolean, status: number): void {
  if (numeric) into.numbers[slot] = NaN;
  else into.others[slot] = undefined;
  into.statuses[slot] = status;
}

function setValue(into: ReadTarget, slot: number, numeric: boolean, value: FeatureValue, warming: boolean, approximate: boolean): void {
  const status = warming ? statusCode.WARMING : approximate ? statusCode.APPROXIMATE : value === null ? statusCode.NULL_VALUE : statusCode.PRESENT;
  if (!numeric) into.others[slot] = value ?? undefined;
  else into.numbers[slot] = typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : NaN;
  into.statuses[slot] = status;
}

