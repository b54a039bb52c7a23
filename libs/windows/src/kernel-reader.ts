import { statusCode, type FeatureValue, type Value } from '@weir/contracts';
import type { AggregatePlan, Channel } from './channel';
import { ExactSum, centredSquares } from './exact-sum';
import { estimateDistinct } from './distinct-summary';
import { distanceKm, speedKmh } from './geo';
import { hashValue } from './hash';
import type { KernelPlan, WindowGroup } from './kernel-plan';
import type { KeyedState } from './keyed-state';
import { percentileOf } from './percentile';
import type { RawColumns } from './raw-columns';
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

const emptyList: readonly Value[] = Object.freeze([]);

/** Evaluates all aggregates of a plan for one key at one time. Holds scratch memory: one reader per owner, never shared by threads. */
export class KernelReader {
  private readonly selection: Selection = { from: 0, until: 0, extra: -1, lowMs: 0, tiles: [], approximate: false, warming: false };
  private readonly passes: RowPass[] = [];
  private readonly passDone: boolean[] = [];
  private readonly summaries: (Summary | undefined)[] = [];
  private values = new Float64Array(1_024);
  private stamps = new Int32Array(256);
  private stamp = 0;
  private counts = new Int32Array(256);
  private distinctWasEstimated = false;

  constructor(private readonly plan: KernelPlan) {}

  /**
   * Fills in values and statuses of all slots. A stranger (no state, or none at or before the read) gets NOT_FOUND in each, one past its
   * ttl OUTSIDE_MAX_AGE. Gives that status, or PRESENT where each slot has its own.
   */
  read(state: KeyedState | undefined, options: ReadOptions, into: ReadTarget): number {
    const { readMs, ttlMs } = options;
    if (state === undefined || state.firstMs > readMs) { this.fill(into, options.base, statusCode.NOT_FOUND); return statusCode.NOT_FOUND; }
    if (ttlMs !== null && ttlMs > 0 && readMs - newestAtOrBefore(state, readMs) > ttlMs) { this.fill(into, options.base, statusCode.OUTSIDE_MAX_AGE); return statusCode.OUTSIDE_MAX_AGE; }
    for (const group of this.plan.groups) this.readGroup(state, group, options, into);
    return statusCode.PRESENT;
  }

  private fill(into: ReadTarget, base: number, status: number): void {
    for (const { aggregates } of this.plan.groups) for (const { plan } of aggregates) setNull(into, base + plan.slot, plan.numeric, status);
  }

  private readGroup(state: KeyedState, group: WindowGroup, options: ReadOptions, into: ReadTarget): void {
    const { selection } = this;
    selectWindow(state, group, options, selection);
    for (let i = 0; i < group.channels.length; i++) { this.passDone[i] = false; this.summaries[i] = undefined; }
    for (const { plan, channel } of group.aggregates) {
      const slot = options.base + plan.slot;
      let approximate = selection.approximate;
      let value: FeatureValue;
      if (plan.agg === 'decay_sum') value = this.decaySum(state, group, plan, options.readMs);
      else if (plan.agg === 'since_last') value = this.sinceLast(state.raw, group, channel, plan, options.readMs);
      else if (plan.agg === 'geo_speed') value = this.geoSpeed(state, group, channel, plan, options);
      else if (selection.tiles.length === 0 && selection.extra < 0 && !(selection.approximate && isPercentile(plan))) value = this.fromRows(state.raw, group, channel, plan, options.readMs);
      else {
        const summary = this.summaryOf(state.raw, group, channel, options.readMs);
        approximate ||= isApproximate(plan, summary);
        value = fromSummary(plan, summary, options.readMs);
      }
      if (this.distinctWasEstimated) { approximate = true; this.distinctWasEstimated = false; }
      setValue(into, slot, plan.numeric, value, selection.warming, approximate);
    }
  }

  private pass(raw: RawColumns, group: WindowGroup, channel: number): RowPass {
    const pass = (this.passes[channel] ??= new RowPass());
    if (!this.passDone[channel]) {
      pass.run(raw, group.channels[channel] as Channel, this.selection.from, this.selection.until);
      this.passDone[channel] = true;
    }
    return pass;
  }

  private summaryOf(raw: RawColumns, group: WindowGroup, channel: number, readMs: number): Summary {
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

  private fromRows(raw: RawColumns, group: WindowGroup, channel: number, plan: AggregatePlan, readMs: number): FeatureValue {
    switch (plan.agg) {
      case 'count': { const pass = this.pass(raw, group, channel); return plan.columns.length === 0 ? pass.rows : pass.values; }
      case 'sum': case 'avg': case 'min': case 'max': case 'stddev': case 'stddev_pop': case 'variance': case 'variance_pop': {
        const pass = this.pass(raw, group, channel);
        return fromTotals(plan, pass.values, pass.sum, pass.squares, pass.min, pass.max);
      }
      case 'median': case 'percentile': return this.percentile(raw, plan);
      case 'distinct': return this.distinct(raw, plan);
      case 'first': { const row = this.firstRow(raw, plan); return row < 0 ? null : raw.valueAt(plan.columns[0] as number, row); }
      case 'last': { const row = this.lastRow(raw, plan, this.selection.until); return row < 0 ? null : raw.valueAt(plan.columns[0] as number, row); }
      case 'since_first': { const row = this.firstRow(raw, plan); return row < 0 ? null : (readMs - (raw.timesMs[row] as number)) / 1_000; }
      case 'last_n': case 'last_distinct': return this.newestValues(raw, plan);
      case 'top_k': case 'counts_by': return this.counted(raw, plan);
      default: return null;
    }
  }

  private passesFilter(raw: RawColumns, plan: AggregatePlan, row: number): boolean {
    return plan.filter < 0 || (raw.filters[plan.filter] as Uint8Array)[row] === 1;
  }

  private firstRow(raw: RawColumns, plan: AggregatePlan): number {
    for (let row = this.selection.from; row < this.selection.until; row++) if (this.passesFilter(raw, plan, row)) return row;
    return -1;
  }

  private lastRow(raw: RawColumns, plan: AggregatePlan, until: number): number {
    for (let row = until - 1; row >= this.selection.from; row--) if (this.passesFilter(raw, plan, row)) return row;
    return -1;
  }

  private newestValues(raw: RawColumns, plan: AggregatePlan): readonly Value[] {
    const values: Value[] = [];
    for (let row = this.selection.until - 1; row >= this.selection.from && values.length < plan.n; row--) {
      if (!this.passesFilter(raw, plan, row)) continue;
      const value = raw.valueAt(plan.columns[0] as number, row);
      if (plan.agg === 'last_n' || !values.includes(value)) values.push(value);
    }
    return values.length === 0 ? emptyList : values;
  }

  private percentile(raw: RawColumns, plan: AggregatePlan): number | null {
    const column = raw.columns[plan.columns[0] as number] as Float64Array;
    const { from, until } = this.selection;
    if (this.values.length < until - from) this.values = new Float64Array(2 * (until - from));
    let count = 0;
    for (let row = from; row < until; row++) {
      const value = column[row] as number;
      if (value === value && this.passesFilter(raw, plan, row)) this.values[count++] = value;
    }
    return percentileOf(this.values, count, plan.percentile);
  }

  private distinct(raw: RawColumns, plan: AggregatePlan): number {
    const index = plan.columns[0] as number;
    const column = raw.columns[index] as Float64Array;
    const { from, until } = this.selection;
    let count = 0;
    if (raw.kindOf(index) === 'text') {
      const stamps = this.stampsFor(raw.textCount(index));
      for (let row = from; row < until; row++) {
        const code = column[row] as number;
        if (code !== code || stamps[code] === this.stamp || !this.passesFilter(raw, plan, row)) continue;
        stamps[code] = this.stamp;
        count++;
      }
    } else {
      const seen = new Set<number>();
      for (let row = from; row < until; row++) {
        const value = column[row] as number;
        if (value === value && this.passesFilter(raw, plan, row)) seen.add(value);
      }
      count = seen.size;
    }
    if (count <= plan.exactUpTo) return count;
    this.distinctWasEstimated = true;
    return estimateDistinct(this.hashes(raw, plan));
  }

  private *hashes(raw: RawColumns, plan: AggregatePlan): Generator<number> {
    for (let row = this.selection.from; row < this.selection.until; row++) {
      if (!this.passesFilter(raw, plan, row)) continue;
      const value = raw.valueAt(plan.columns[0] as number, row);
      if (value !== null) yield hashValue(value);
    }
  }

  private counted(raw: RawColumns, plan: AggregatePlan): FeatureValue {
    const index = plan.columns[0] as number;
    const column = raw.columns[index] as Float64Array;
    const { from, until } = this.selection;
    const entries: Array<[Exclude<Value, null>, number]> = [];
    if (raw.kindOf(index) === 'text') {
      const stamps = this.stampsFor(raw.textCount(index));
      const codes: number[] = [];
      for (let row = from; row < until; row++) {
        const code = column[row] as number;
        if (code !== code || !this.passesFilter(raw, plan, row)) continue;
        if (stamps[code] === this.stamp) { this.counts[code] = (this.counts[code] as number) + 1; continue; }
        stamps[code] = this.stamp;
        this.counts[code] = 1;
        codes.push(code);
      }
      for (const code of codes) entries.push([raw.textOf(index, code), this.counts[code] as number]);
    } else {
      const counts = new Map<Exclude<Value, null>, number>();
      for (let row = from; row < until; row++) {
        const value = this.passesFilter(raw, plan, row) ? raw.valueAt(index, row) : null;
        if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      entries.push(...counts);
    }
    return shownCounts(plan, sortByCount(entries).slice(0, plan.k));
  }

  private stampsFor(count: number): Int32Array {
    if (this.stamps.length < count) {
      this.stamps = new Int32Array(2 * count);
      this.counts = new Int32Array(2 * count);
    }
    this.stamp = this.stamp === 2_147_483_647 ? (this.stamps.fill(0), 1) : this.stamp + 1;
    return this.stamps;
  }

  private sinceLast(raw: RawColumns, group: WindowGroup, channel: number, plan: AggregatePlan, readMs: number): number | null {
    const row = this.lastRow(raw, plan, this.selection.until);
    if (row >= 0) return (readMs - (raw.timesMs[row] as number)) / 1_000;
    let newestMs = -Infinity;
    for (const tile of this.selection.tiles) newestMs = Math.max(newestMs, summaryIn(tile, group.channels[channel] as Channel).newest.at(-1)?.timeMs ?? -Infinity);
    return newestMs === -Infinity ? null : (readMs - newestMs) / 1_000;
  }

  private decaySum(state: KeyedState, group: WindowGroup, plan: AggregatePlan, readMs: number): number {
    const { raw } = state;
    const { selection } = this;
    const column = raw.columns[plan.columns[0] as number] as Float64Array;
    let sum = 0;
    const tiles = group.window.kind === 'lifetime' ? this.decayTiles(state, plan) : selection.tiles;
    for (const tile of tiles) {
      const summary = summaryWithDecay(tile, plan);
      const decay = summary?.decays[summary.channel.halfLivesMs.indexOf(plan.halfLifeMs)];
      if (summary !== undefined && decay !== undefined) sum += decayed(decay.value(), readMs - summary.referenceMs, plan.halfLifeMs);
    }
    for (let row = selection.from; row < selection.until; row++) {
      const value = column[row] as number;
      if (value === value && this.passesFilter(raw, plan, row)) sum += decayed(value, readMs - (raw.timesMs[row] as number), plan.halfLifeMs);
    }
    const { extra } = selection;
    if (extra >= 0 && this.passesFilter(raw, plan, extra) && !Number.isNaN(column[extra])) sum += decayed(column[extra] as number, readMs - (raw.timesMs[extra] as number), plan.halfLifeMs);
    return sum;
  }

  private decayTiles(state: KeyedState, plan: AggregatePlan): readonly Tile[] {
    return state.tileSets[decayClassIndex(this.plan.tileClasses, plan.halfLifeMs)]?.tiles ?? [];
  }

  /** From the newest located event before it to this one: the current event, in the view or not, else the newest. */
  private geoSpeed(state: KeyedState, group: WindowGroup, channel: number, plan: AggregatePlan, options: ReadOptions): number | null {
    const { raw } = state;
    const { selection } = this;
    const lats = raw.columns[plan.columns[0] as number] as Float64Array;
    const lons = raw.columns[plan.columns[1] as number] as Float64Array;
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
      here = placeOf(raw.timesMs[until] as number, lats[until] as number, lons[until] as number);
    }
    if (here === undefined) return null;
    for (let row = until - 1; row >= selection.from; row--) {
      if (!this.passesFilter(raw, plan, row) || Number.isNaN(lats[row]) || Number.isNaN(lons[row])) continue;
      return speedBetween({ timeMs: raw.timesMs[row] as number, value: lats[row] as number, lon: lons[row] as number }, here);
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
  if (row >= raw.head) return raw.timesMs[row] as number;
  return Math.min(state.spilledNewestMs === -Infinity ? readMs : state.spilledNewestMs, readMs);
}

/** A class may keep more in one channel than a group asks for; the key of the channel is the same. */
function summaryIn(tile: Tile, channel: Channel): Summary {
  for (const summary of tile.summaries) {
    const other = summary.channel;
    if (other.filter === channel.filter && other.columns.length === channel.columns.length && other.columns.every((column, index) => column === channel.columns[index])) return summary;
  }
  throw new RangeError('a tile without the channel that is read');
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

