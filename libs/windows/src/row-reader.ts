import type { FeatureValue, Value } from '@weir/contracts';
import type { AggregatePlan } from './channel';
import { CodeCounts } from './code-counts';
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
  private readonly counts = new CodeCounts();

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

  distinctNumbers(raw: RawRows, plan: AggregatePlan): number { return this.numbersIn(raw, plan).size; }

  private textsIn(raw: RawRows, plan: AggregatePlan): CodeCounts {
    const { counts } = this;
    const column = plan.columns[0] as number;
    counts.clear();
    for (let row = this.selection.from; row < this.selection.until; row++) {
      const code = raw.numberAt(column, row);
      if (code === code && this.passesFilter(raw, plan, row)) counts.add(code);
    }
    return counts;
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
    const texts = this.countsOfTexts(raw, channel, plan);
    let count = 0;
    this.reserve(texts === null ? this.selection.until - this.selection.from : texts.size);
    if (texts === null) for (const value of this.numbersIn(raw, plan)) this.values[count++] = hashValue(value);
    else for (let place = 0; place < texts.size; place++) if (texts.countAt(place) > 0) this.values[count++] = raw.texts.hashOf(texts.codeAt(place));
    return count;
  }

  counted(raw: RawRows, channel: number, plan: AggregatePlan): FeatureValue {
    const texts = this.countsOfTexts(raw, channel, plan);
    const entries: Array<[Exclude<Value, null>, number]> = [];
    if (texts === null) entries.push(...this.numberCounts(raw, plan));
    else for (let place = 0; place < texts.size; place++) if (texts.countAt(place) > 0) entries.push([raw.texts.textOf(texts.codeAt(place)), texts.countAt(place)]);
    return shownCounts(plan, sortByCount(entries).slice(0, plan.k));
  }

  /** Null where the column holds no texts. */
  private countsOfTexts(raw: RawRows, channel: number, plan: AggregatePlan): CodeCounts | null {
    if (raw.kindOf(plan.columns[0] as number) !== 'text') return null;
    return this.totals?.channels[channel]?.counts ?? this.textsIn(raw, plan);
  }

  private numberCounts(raw: RawRows, plan: AggregatePlan): ReadonlyMap<Exclude<Value, null>, number> {
    const counts = new Map<Exclude<Value, null>, number>();
    for (let row = this.selection.from; row < this.selection.until; row++) {
      const value = this.passesFilter(raw, plan, row) ? raw.valueAt(plan.columns[0] as number, row) : null;
      if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return counts;
  }

  private reserve(count: number): void {
    if (this.values.length < count) this.values = new Float64Array(2 * count);
  }
}
