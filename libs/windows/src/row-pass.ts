import type { Aggregate } from '@weir/contracts';
import type { Channel } from './channel';
import { part } from './channel';
import { CodeCounts } from './code-counts';
import { ExactSum } from './exact-sum';
import { filtersPerWord, type RawRows } from './raw-rows';
import { totalOf } from './summary-values';

const exactMax = 9_007_199_254_740_992;

/**
 * Counts, exact sums, extremes and distinct texts of a channel over a range of rows. Windows that end at the same row are nested: the range
 * of a shorter one is taken on to that of a longer one, so each row is visited once a read. Reused.
 */
export class RowPass {
  rows = 0;
  values = 0;
  min = Infinity;
  max = -Infinity;
  readonly texts = new CodeCounts();
  private from = 0;
  private until = -1;
  /** Plain sums while their terms' sizes add up to less than 2^53, so that every step is exact; then exact ones. */
  private plain = true;
  private total = 0;
  private squareTotal = 0;
  private size = 0;
  private readonly exactSum = new ExactSum();
  private readonly exactSquares = new ExactSum();
  private readonly wordAt: number;
  private readonly bit: number;
  private readonly column: number;
  private readonly summed: boolean;
  private readonly squared: boolean;
  private readonly counted: boolean;

  constructor(private readonly channel: Channel) {
    const { filter, columns, parts } = channel;
    this.wordAt = filter < 0 ? -1 : 2 + Math.floor(filter / filtersPerWord);
    this.bit = filter < 0 ? 0 : 1 << (filter % filtersPerWord);
    this.column = columns[0] ?? -1;
    this.summed = (parts & (part.sum | part.squares | part.extremes)) !== 0;
    this.squared = (parts & part.squares) !== 0;
    this.counted = (parts & (part.distinct | part.counts)) !== 0;
  }

  get distinct(): number { return this.texts.distinct; }
  get sum(): ExactSum { return this.exactForm(this.exactSum, this.total); }
  get squares(): ExactSum { return this.exactForm(this.exactSquares, this.squareTotal); }

  /** Rows of another read: nothing of the last one holds. */
  begin(): void { this.until = -1; }

  /** Moves to rows `from` … `until − 1`. */
  reach(raw: RawRows, from: number, until: number): void {
    if (this.until !== until || from > this.from) this.reset(until);
    if (from >= this.from) return;
    const before = this.from;
    this.from = from;
    this.visit(raw, from, before);
  }

  /** Value of an aggregate that needs no more than totals; NaN for null. */
  value(agg: Aggregate): number {
    const { values } = this;
    if (this.plain) {
      if (agg === 'sum') return this.total + 0;
      if (agg === 'avg') return values === 0 ? NaN : this.total / values + 0;
    }
    if (agg === 'min') return values === 0 ? NaN : this.min;
    if (agg === 'max') return values === 0 ? NaN : this.max;
    return totalOf(agg, values, this.sum, this.squares);
  }

  private reset(until: number): void {
    this.from = this.until = until;
    this.rows = this.values = 0;
    this.min = Infinity;
    this.max = -Infinity;
    this.total = this.squareTotal = this.size = 0;
    this.plain = true;
    if (this.counted) this.texts.clear();
  }

  private visit(raw: RawRows, from: number, until: number): void {
    const { column, wordAt } = this;
    if (column < 0 && wordAt < 0) { this.rows += until - from; return; }
    const kind = column < 0 ? 'int' : raw.kindOf(column);
    if (column < 0 || (kind !== 'text' && !this.summed)) this.count(raw, from, until);
    else if (kind === 'text') this.countTexts(raw, from, until);
    else if (kind !== 'double' && this.plain) this.addIntegers(raw, from, until);
    else this.addExactly(raw, from, until);
  }

  private count({ data, stride, columnsAt }: RawRows, from: number, until: number): void {
    const { wordAt, bit, column } = this;
    const valueAt = column < 0 ? -1 : columnsAt + column;
    let rows = 0, values = 0;
    for (let at = from * stride, end = until * stride; at < end; at += stride) {
      if (wordAt >= 0 && ((data[at + wordAt] as number) & bit) === 0) continue;
      rows++;
      if (valueAt < 0) continue;
      const value = data[at + valueAt] as number;
      if (value === value) values++;
    }
    this.rows += rows;
    this.values += values;
  }

  private countTexts({ data, stride, columnsAt }: RawRows, from: number, until: number): void {
    const { wordAt, bit, texts, counted } = this;
    const valueAt = columnsAt + this.column;
    for (let at = from * stride, end = until * stride; at < end; at += stride) {
      if (wordAt >= 0 && ((data[at + wordAt] as number) & bit) === 0) continue;
      this.rows++;
      const code = data[at + valueAt] as number;
      if (code !== code) continue;
      this.values++;
      if (counted) texts.add(code);
    }
  }

  private addIntegers(raw: RawRows, from: number, until: number): void {
    const { data, stride, columnsAt } = raw;
    const { wordAt, bit } = this;
    const valueAt = columnsAt + this.column;
    let rows = 0, count = 0;
    let { total, size, squareTotal, min, max } = this;
    for (let at = from * stride, end = until * stride; at < end; at += stride) {
      if (wordAt >= 0 && ((data[at + wordAt] as number) & bit) === 0) continue;
      rows++;
      const value = data[at + valueAt] as number;
      if (value !== value) continue;
      count++;
      total += value;
      size += value < 0 ? -value : value;
      squareTotal += value * value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (size > exactMax || (this.squared && squareTotal > exactMax)) { this.restart(raw); return; }
    this.rows += rows;
    this.values += count;
    this.total = total;
    this.size = size;
    this.squareTotal = squareTotal;
    this.min = min;
    this.max = max;
  }

  private restart(raw: RawRows): void {
    this.rows = this.values = 0;
    this.addExactly(raw, this.from, this.until);
  }

  private addExactly({ data, stride, columnsAt }: RawRows, from: number, until: number): void {
    const { wordAt, bit, exactSum, exactSquares, squared } = this;
    if (this.plain) { exactSum.reset(); exactSquares.reset(); }
    this.plain = false;
    const valueAt = columnsAt + this.column;
    for (let at = from * stride, end = until * stride; at < end; at += stride) {
      if (wordAt >= 0 && ((data[at + wordAt] as number) & bit) === 0) continue;
      this.rows++;
      const value = data[at + valueAt] as number;
      if (value !== value) continue;
      this.values++;
      exactSum.add(value);
      if (squared) exactSquares.addSquare(value);
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
    }
  }

  private exactForm(sum: ExactSum, plainTotal: number): ExactSum {
    if (this.plain) { sum.reset(); sum.add(plainTotal); }
    return sum;
  }
}
