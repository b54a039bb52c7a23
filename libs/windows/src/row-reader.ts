import type { FeatureValue, Value } from '@weir/contracts';
import type { AggregatePlan } from './channel';
import { hashValue } from './hash';
import { percentileOf } from './percentile';
import type { RangeTotals } from './range-totals';
import type { RawRows } from './raw-rows';
import type { Selection } from './selection';
import { emptyList, shownCounts } from './summary-values';
import { sortByCount } from './value-counts';

/** What aggregates other than totals find in the selected rows. Holds scratch memory; the selection is its owner's. */
export class RowReader {
  /** Totals carried for the group that is read; null where its rows are walked. */
  totals: RangeTotals | null = null;
  /** Filled by `distinctHashes`. */
  values = new Float64Array(1_024);
  private stamps = new Int32Array(256);
  private stamp = 0;
  private counts = new Int32Array(256);

  constructor(private readonly selection: Selection) {}

  passesFilter(raw: RawRows, plan: AggregatePlan, row: number): boolean {
    return plan.filter < 0 || raw.passes(plan.filter, row);
  }

  firstRow(raw: RawRows, plan: AggregatePlan): number {
    for (let row = this.selection.from; row < this.selection.until; row++) if (this.passesFilter(raw, plan, row)) return row;
    return -1;
  }

  lastRow(raw: RawRows, plan: AggregatePlan, until: number): number {
    for (let row = until - 1; row >= this.selection.from; row--) if (this.passesFilter(raw, plan, row)) return row;
    return -1;
  }

  newestValues(raw: RawRows, plan: AggregatePlan): readonly Value[] {
    const values: Value[] = [];
    for (let row = this.selection.until - 1; row >= this.selection.from && values.length < plan.n; row--) {
      if (!this.passesFilter(raw, plan, row)) continue;
      const value = raw.valueAt(plan.columns[0] as number, row);
      if (plan.agg === 'last_n' || !values.includes(value)) values.push(value);
    }
    return values.length === 0 ? emptyList : values;
  }

  percentile(raw: RawRows, plan: AggregatePlan): number | null {
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

  distinctIn(raw: RawRows, plan: AggregatePlan): number {
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
  distinctHashes(raw: RawRows, channel: number, plan: AggregatePlan): number {
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

  counted(raw: RawRows, channel: number, plan: AggregatePlan): FeatureValue {
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
}
