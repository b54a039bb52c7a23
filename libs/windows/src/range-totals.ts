import type { Aggregate } from '@weir/contracts';
import { part, type Channel } from './channel';
import { CodeCounts } from './code-counts';
import { ExactSum } from './exact-sum';
import { QuantileSketch } from './quantile-sketch';
import type { RawRows } from './raw-rows';
import { fromTotals } from './summary-values';
import type { TextTable } from './text-table';

/** Counts begin anew when they hold so many more texts than there are rows. */
const staleCodesMax = 64;

/** Counts, exact sums, extremes and text counts of one channel over a range that moves with the window. */
export class ChannelTotals {
  rows = 0;
  values = 0;
  /** Good after `settleExtremes`. */
  min = Infinity;
  max = -Infinity;
  readonly sum = new ExactSum();
  readonly squares = new ExactSum();
  /** How often each text code occurs; null where nobody asks. */
  readonly counts: CodeCounts | null;
  private extremesStale = false;
  /** Made when it is asked for: rows alone answer percentiles without it. */
  private sketch: QuantileSketch | null = null;
  private readonly summed: boolean;
  private readonly squared: boolean;

  constructor(readonly channel: Channel, raw: RawRows) {
    const column = channel.columns[0];
    const text = column !== undefined && raw.kindOf(column) === 'text';
    this.counts = text && channel.parts & (part.distinct | part.counts) ? new CodeCounts() : null;
    this.summed = !text && (channel.parts & (part.sum | part.squares)) !== 0;
    this.squared = !text && (channel.parts & part.squares) !== 0;
  }

  /** Distinct texts in the range. */
  get distinct(): number { return this.counts?.distinct ?? 0; }

  /** Value of an aggregate that needs no more than totals; NaN for null. */
  value(agg: Aggregate): number { return fromTotals(agg, this.values, this); }

  reset(): void {
    this.rows = 0;
    this.values = 0;
    this.sum.reset();
    this.squares.reset();
    this.counts?.clear();
    this.min = Infinity;
    this.max = -Infinity;
    this.extremesStale = false;
    this.sketch = null;
  }

  add(raw: RawRows, row: number): void {
    const { filter, columns } = this.channel;
    if (filter >= 0 && !raw.passes(filter, row)) return;
    this.rows++;
    const column = columns[0];
    if (column === undefined) return;
    const value = raw.numberAt(column, row);
    if (value !== value) return;
    this.values++;
    if (this.counts !== null) { this.counts.add(value); return; }
    if (this.summed) this.sum.add(value);
    if (this.squared) this.squares.addSquare(value);
    if (this.sketch !== null) this.sketch.add(value);
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  remove(raw: RawRows, row: number): void {
    const { filter, columns } = this.channel;
    if (filter >= 0 && !raw.passes(filter, row)) return;
    this.rows--;
    const column = columns[0];
    if (column === undefined) return;
    const value = raw.numberAt(column, row);
    if (value !== value) return;
    this.values--;
    if (this.counts !== null) { this.counts.subtract(value); return; }
    if (this.summed) this.sum.add(-value);
    if (this.squared) this.squares.subtractSquare(value);
    if (this.sketch !== null) this.sketch.subtract(value);
    if (value <= this.min || value >= this.max) this.extremesStale = true;
  }

  /** Buckets of the values in the range, which is `from` … `until − 1`. */
  sketchOf(raw: RawRows, from: number, until: number): QuantileSketch {
    if (this.sketch !== null) return this.sketch;
    const { filter, columns } = this.channel, sketch = new QuantileSketch();
    for (let row = from; row < until; row++) {
      const value = raw.numberAt(columns[0] as number, row);
      if (value === value && (filter < 0 || raw.passes(filter, row))) sketch.add(value);
    }
    this.sketch = sketch;
    return sketch;
  }

  /** Finds the least and greatest value again where the old one has left. */
  settleExtremes(raw: RawRows, from: number, until: number): void {
    if (!this.extremesStale) return;
    this.min = Infinity;
    this.max = -Infinity;
    this.extremesStale = false;
    const column = this.channel.columns[0] as number;
    for (let row = from; row < until; row++) {
      if (this.channel.filter >= 0 && !raw.passes(this.channel.filter, row)) continue;
      const value = raw.numberAt(column, row);
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
    }
  }
}

/**
 * Totals of a window group's channels over its rows, carried from read to read: what entered is added, what left is taken away, exactly.
 * Derived, never stored; rows are numbered from the key's first, so that they keep their number while others go.
 */
export class RangeTotals {
  readonly channels: readonly ChannelTotals[];
  private from = 0;
  private until = 0;
  private texts: TextTable | null = null;

  constructor(channels: readonly Channel[], raw: RawRows) { this.channels = channels.map((channel) => new ChannelTotals(channel, raw)); }

  /** Moves to rows `from` … `until − 1`. */
  moveTo(raw: RawRows, from: number, until: number): void {
    const shift = raw.dropped - raw.head;
    const wantedFrom = from + shift;
    const wantedUntil = until + shift;
    const distance = Math.abs(wantedFrom - this.from) + Math.abs(wantedUntil - this.until);
    const stale = this.channels.some(({ counts }) => counts !== null && counts.size > 2 * (until - from) + staleCodesMax);
    if (this.texts !== raw.texts || stale || distance >= until - from) {
      this.texts = raw.texts;
      for (const totals of this.channels) totals.reset();
      this.from = this.until = wantedFrom;
    }
    while (this.from > wantedFrom) this.addRow(raw, --this.from - shift);
    while (this.until < wantedUntil) this.addRow(raw, this.until++ - shift);
    while (this.from < wantedFrom) this.removeRow(raw, this.from++ - shift);
    while (this.until > wantedUntil) this.removeRow(raw, --this.until - shift);
  }

  /** A row was put in at `row`, not at the end: rows behind it have new numbers. */
  inserted(raw: RawRows, row: number): void {
    const number = row + raw.dropped - raw.head;
    if (number >= this.until) return;
    this.until++;
    if (number < this.from) this.from++;
    else this.addRow(raw, row);
  }

  /** The oldest `count` rows are about to go. */
  dropping(raw: RawRows, count: number): void {
    const shift = raw.dropped - raw.head;
    const last = Math.min(raw.dropped + count, this.until);
    while (this.from < last) this.removeRow(raw, this.from++ - shift);
    if (this.until < raw.dropped + count) this.from = this.until = raw.dropped + count;
  }

  private addRow(raw: RawRows, row: number): void { for (const totals of this.channels) totals.add(raw, row); }
  private removeRow(raw: RawRows, row: number): void { for (const totals of this.channels) totals.remove(raw, row); }
}
