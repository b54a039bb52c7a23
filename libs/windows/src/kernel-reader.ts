import { statusCode, type FeatureValue, type Value } from '@weir/contracts';
import type { AggregatePlan, Channel } from './channel';
import { DistinctSummary, type DistinctCount } from './distinct-summary';
import { ExactSum } from './exact-sum';
import { distanceKm, speedKmh } from './geo';
import type { KernelPlan, WindowGroup } from './kernel-plan';
import type { KeyedState } from './keyed-state';
import { MergedTiles, summaryIn } from './merged-tiles';
import type { ChannelTotals } from './range-totals';
import type { RawRows } from './raw-rows';
import { RowPass } from './row-pass';
import { RowReader } from './row-reader';
import { findTiles, selectNested, selectWindow, type Selection } from './selection';
import { Summary, decayed, type Entry } from './summary';
import { fromSummary, fromTotals, isApproximate, isPercentile } from './summary-values';
import { decayClassIndex } from './tile-class';
import type { Tile } from './tile-set';

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

const nothing: ReadTarget = { numbers: new Float64Array(0), others: [], statuses: new Uint8Array(0) };
/** From so many rows on, a group's totals are carried from read to read. */
const carriedRowsMin = 48;

/** Evaluates all aggregates of a plan for one key at one time. Holds scratch memory: one reader per owner, never shared by threads. */
export class KernelReader {
  private readonly selection: Selection = { from: 0, until: 0, extra: -1, lowMs: 0, tiles: [], tileClass: -1, tilesHighMs: 0, tilesFound: false, wholeTail: false, approximate: false, warming: false };
  private readonly passes: readonly RowPass[];
  private readonly combined = { sum: new ExactSum(), squares: new ExactSum(), min: 0, max: 0 };
  private readonly summaries: (Summary | undefined)[] = [];
  private readonly rows = new RowReader(this.selection);
  private tiled: MergedTiles | null = null;
  private wasEstimated = false;
  /** What is filled in now. */
  private into: ReadTarget = nothing;

  constructor(private readonly plan: KernelPlan) { this.passes = plan.passes.map((channel) => new RowPass(channel)); }

  /**
   * Fills in values and statuses of all slots. A stranger (no state, or none at or before the read) gets NOT_FOUND in each, one past its
   * ttl OUTSIDE_MAX_AGE. Gives that status, or PRESENT where each slot has its own.
   */
  read(state: KeyedState | undefined, options: ReadOptions, into: ReadTarget): number {
    const { readMs, ttlMs } = options;
    if (state === undefined || state.firstMs > readMs) { this.fill(into, options.base, statusCode.NOT_FOUND); return statusCode.NOT_FOUND; }
    if (ttlMs !== null && ttlMs > 0 && readMs - newestAtOrBefore(state, readMs) > ttlMs) { this.fill(into, options.base, statusCode.OUTSIDE_MAX_AGE); return statusCode.OUTSIDE_MAX_AGE; }
    const { passes } = this;
    for (let index = 0; index < passes.length; index++) (passes[index] as RowPass).begin();
    const { readOrder } = this.plan;
    this.into = into;
    const after = state.raw.firstAtOrAfter(readMs + 1);
    for (let index = 0; index < readOrder.length; index++) this.readGroup(state, readOrder[index] as number, after, options);
    state.wasRead = true;
    return statusCode.PRESENT;
  }

  private fill(into: ReadTarget, base: number, status: number): void {
    for (const { aggregates } of this.plan.groups) for (const { plan } of aggregates) setNull(into, base + plan.slot, plan.numeric, status);
  }

  private readGroup(state: KeyedState, index: number, after: number, options: ReadOptions): void {
    const { selection, into } = this;
    const group = this.plan.groups[index] as WindowGroup;
    if (!selectNested(state, group, options, after, selection)) selectWindow(state, group, options, selection);
    this.begin(state, group, index);
    const { aggregates } = group;
    for (let i = 0; i < aggregates.length; i++) {
      const aggregate = aggregates[i] as WindowGroup['aggregates'][number];
      const { plan } = aggregate;
      const slot = options.base + plan.slot;
      this.wasEstimated = false;
      const missing = aggregate.isTotal
        ? setNumber(into, slot, plan.numeric, this.total(state, group, aggregate, options.readMs))
        : setValue(into, slot, plan.numeric, this.evaluate(state, group, aggregate, options));
      into.statuses[slot] = selection.warming ? statusCode.WARMING : selection.approximate || this.wasEstimated ? statusCode.APPROXIMATE : missing ? statusCode.NULL_VALUE : statusCode.PRESENT;
    }
  }

  /** Large ranges are carried from read to read; small ones are summed as they are. */
  private begin(state: KeyedState, group: WindowGroup, index: number): void {
    const { selection } = this;
    if (this.summaries.length > 0) this.summaries.length = 0;
    this.rows.totals = state.wasRead && group.carries && selection.until - selection.from >= carriedRowsMin ? state.totalsOf(index, selection.from, selection.until) : null;
    this.tiled = null;
    if (selection.tileClass < 0 || selection.extra >= 0 || !group.carries) return;
    findTiles(state, selection);
    if (selection.tiles.length === 0 || !selection.wholeTail) return;
    let merged = state.mergedOf(index, selection.tileClass, selection.lowMs);
    if (merged === undefined) {
      merged = new MergedTiles(selection.tileClass, selection.lowMs, state.tileSets?.[selection.tileClass]?.version ?? -1, group.channels, selection.tiles);
      state.keepMerged(index, merged);
    }
    this.tiled = merged;
  }

  private evaluate(state: KeyedState, group: WindowGroup, { plan, channel }: { readonly plan: AggregatePlan; readonly channel: number }, options: ReadOptions): FeatureValue {
    const { selection } = this;
    const { raw } = state;
    if (plan.agg === 'decay_sum') return this.decaySum(state, group, plan, options.readMs);
    if (plan.agg === 'since_last') return this.sinceLast(state, group, channel, plan, options.readMs);
    if (plan.agg === 'geo_speed') return this.geoSpeed(state, group, channel, plan, options);
    if (plan.agg === 'last' && selection.extra < 0) {
      const row = this.rows.lastRow(raw, plan, selection.until);
      if (row >= 0) return raw.valueAt(plan.columns[0] as number, row);
    }
    if (selection.tileClass >= 0) findTiles(state, selection);
    if (plan.agg === 'since_first' && group.backMs === Infinity && !group.excludeCurrent && plan.filter < 0) return (options.readMs - state.firstMs) / 1_000;
    if (selection.tiles.length === 0 && selection.extra < 0 && !(selection.approximate && isPercentile(plan))) return this.fromRows(raw, channel, plan, options.readMs);
    const carried = isPercentile(plan) && selection.extra < 0 && (this.tiled !== null || selection.tiles.length === 0) ? this.rows.totals?.channels[channel] : undefined;
    if (carried !== undefined) {
      this.wasEstimated = true;
      return carried.sketchOf(raw, selection.from, selection.until).quantile(plan.percentile, this.tiled?.summaries[channel]?.sketch ?? undefined);
    }
    const summary = this.summaryOf(raw, group, channel, options.readMs);
    this.wasEstimated = isApproximate(plan, summary);
    return fromSummary(plan, summary, options.readMs);
  }

  /** An aggregate that needs no more than totals; NaN for null. */
  private total(state: KeyedState, group: WindowGroup, { plan, channel }: { readonly plan: AggregatePlan; readonly channel: number }, readMs: number): number {
    const { selection } = this;
    const { raw } = state;
    if (selection.tileClass >= 0) findTiles(state, selection);
    if (selection.tiles.length === 0 && selection.extra < 0) return this.totalOfRows(raw, group, channel, plan);
    if (this.tiled !== null) return this.totalWithTiles(raw, group, channel, plan);
    const summary = this.summaryOf(raw, group, channel, readMs);
    this.wasEstimated = isApproximate(plan, summary);
    const value = fromSummary(plan, summary, readMs);
    return typeof value === 'number' ? value : NaN;
  }

  private totalOfRows(raw: RawRows, group: WindowGroup, channel: number, plan: AggregatePlan): number {
    const pass = this.pass(raw, group, channel);
    if (plan.agg === 'count') return plan.columns.length === 0 ? pass.rows : pass.values;
    if (plan.agg === 'distinct') return this.distinct(raw, channel, plan, pass);
    return pass.value(plan.agg);
  }

  /** Totals of a channel over the selected rows. */
  private pass(raw: RawRows, group: WindowGroup, channel: number): ChannelTotals | RowPass {
    const { from, until } = this.selection;
    const carried = this.rows.totals?.channels[channel];
    if (carried !== undefined) {
      carried.settleExtremes(raw, from, until);
      return carried;
    }
    const pass = this.passes[group.passByChannel[channel] as number] as RowPass;
    pass.reach(raw, from, until);
    return pass;
  }

  private totalWithTiles(raw: RawRows, group: WindowGroup, channel: number, plan: AggregatePlan): number {
    const merged = this.tiled as MergedTiles, tiled = merged.summaries[channel] as Summary;
    if (plan.agg === 'distinct') {
      const all = merged.distinctWith(raw, channel, this.selection.from, this.selection.until);
      return this.estimated(all?.count(plan.exactUpTo) ?? (tiled.distinct as DistinctSummary).countWith(this.rows.values, this.rows.distinctHashes(raw, channel, plan), plan.exactUpTo));
    }
    const pass = this.pass(raw, group, channel);
    if (plan.agg === 'count') return plan.columns.length === 0 ? tiled.rows + pass.rows : tiled.values + pass.values;
    const { combined } = this;
    combined.sum.reset();
    combined.squares.reset();
    if (tiled.sum !== null) { combined.sum.mergeFrom(tiled.sum); combined.sum.mergeFrom(pass.sum); }
    if (tiled.squares !== null) { combined.squares.mergeFrom(tiled.squares); combined.squares.mergeFrom(pass.squares); }
    combined.min = Math.min(tiled.min, pass.min);
    combined.max = Math.max(tiled.max, pass.max);
    return fromTotals(plan.agg, tiled.values + pass.values, combined);
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

  private fromRows(raw: RawRows, channel: number, plan: AggregatePlan, readMs: number): FeatureValue {
    switch (plan.agg) {
      case 'median': case 'percentile': return this.rows.percentile(raw, plan);
      case 'first': { const row = this.rows.firstRow(raw, plan); return row < 0 ? null : raw.valueAt(plan.columns[0] as number, row); }
      case 'last': { const row = this.rows.lastRow(raw, plan, this.selection.until); return row < 0 ? null : raw.valueAt(plan.columns[0] as number, row); }
      case 'since_first': { const row = this.rows.firstRow(raw, plan); return row < 0 ? null : (readMs - raw.timeAt(row)) / 1_000; }
      case 'last_n': case 'last_distinct': return this.rows.newestValues(raw, plan);
      case 'top_k': case 'counts_by': return this.rows.counted(raw, channel, plan);
      default: return null;
    }
  }

  private distinct(raw: RawRows, channel: number, plan: AggregatePlan, pass: ChannelTotals | RowPass): number {
    const count = raw.kindOf(plan.columns[0] as number) === 'text' ? pass.distinct : this.rows.distinctNumbers(raw, plan);
    if (count <= plan.exactUpTo) return count;
    return this.estimated(new DistinctSummary(plan.exactUpTo).countWith(this.rows.values, this.rows.distinctHashes(raw, channel, plan), plan.exactUpTo));
  }

  private sinceLast(state: KeyedState, group: WindowGroup, channel: number, plan: AggregatePlan, readMs: number): number | null {
    const row = this.rows.lastRow(state.raw, plan, this.selection.until);
    if (row >= 0) return (readMs - state.raw.timeAt(row)) / 1_000;
    findTiles(state, this.selection);
    let newestMs = -Infinity;
    for (const tile of this.selection.tiles) newestMs = Math.max(newestMs, summaryIn(tile, group.channels[channel] as Channel).newest.at(-1)?.timeMs ?? -Infinity);
    return newestMs === -Infinity ? null : (readMs - newestMs) / 1_000;
  }

  private decaySum(state: KeyedState, group: WindowGroup, plan: AggregatePlan, readMs: number): number {
    const { raw } = state;
    const { selection } = this;
    const column = plan.columns[0] as number;
    let sum = 0;
    findTiles(state, selection);
    const tiles = group.window.kind === 'lifetime' ? this.decayTiles(state, plan) : selection.tiles;
    for (const tile of tiles) {
      const summary = summaryWithDecay(tile, plan);
      const decay = summary?.decays[summary.channel.halfLivesMs.indexOf(plan.halfLifeMs)];
      if (summary !== undefined && decay !== undefined) sum += decayed(decay.value(), readMs - summary.referenceMs, plan.halfLifeMs);
    }
    const add = (row: number): void => {
      const value = raw.numberAt(column, row);
      if (value === value && this.rows.passesFilter(raw, plan, row)) sum += decayed(value, readMs - raw.timeAt(row), plan.halfLifeMs);
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
      until = this.rows.lastRow(raw, plan, until);
      if (until < 0) {
        findTiles(state, selection);
        const places = selection.tiles.length === 0 ? [] : this.summaryOf(raw, group, channel, options.readMs).places;
        return speedBetween(places.filter((entry) => entry.value !== null).at(-2), places.at(-1));
      }
      here = placeAt(until);
    }
    if (here === undefined) return null;
    for (let row = until - 1; row >= selection.from; row--) {
      const before = this.rows.passesFilter(raw, plan, row) ? placeAt(row) : undefined;
      if (before !== undefined) return speedBetween(before, here);
    }
    findTiles(state, selection);
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

function setNull(into: ReadTarget, slot: number, numeric: boolean, status: number): void {
  if (numeric) into.numbers[slot] = NaN;
  else into.others[slot] = undefined;
  into.statuses[slot] = status;
}

/** What overflowed a double is no number to anyone. Both setters give whether the value is missing. */
function setNumber(into: ReadTarget, slot: number, numeric: boolean, value: number): boolean {
  const missing = value - value !== 0;
  if (numeric) into.numbers[slot] = missing ? NaN : value;
  else into.others[slot] = missing ? undefined : value;
  return missing;
}

function setValue(into: ReadTarget, slot: number, numeric: boolean, value: FeatureValue): boolean {
  if (typeof value === 'number') return setNumber(into, slot, numeric, value);
  if (numeric) into.numbers[slot] = typeof value === 'boolean' ? Number(value) : NaN;
  else into.others[slot] = value ?? undefined;
  return value === null;
}
