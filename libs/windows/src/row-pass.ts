import type { Channel } from './channel';
import { part } from './channel';
import { ExactSum } from './exact-sum';
import { filtersPerWord, type RawRows } from './raw-rows';

const exactMax = 9_007_199_254_740_992;

/** Counts, exact sums and extremes of a channel over a range of rows. Reused. */
export class RowPass {
  rows = 0;
  values = 0;
  min = Infinity;
  max = -Infinity;
  readonly sum = new ExactSum();
  readonly squares = new ExactSum();

  run(raw: RawRows, channel: Channel, from: number, until: number): void {
    this.values = 0;
    this.min = Infinity;
    this.max = -Infinity;
    this.sum.reset();
    this.squares.reset();
    const { filter } = channel;
    const column = channel.columns[0];
    if (column === undefined && filter < 0) { this.rows = until - from; return; }
    const { data, stride } = raw;
    const wordAt = filter < 0 ? -1 : 2 + Math.floor(filter / filtersPerWord);
    const bit = filter < 0 ? 0 : 1 << (filter % filtersPerWord);
    const valueAt = column === undefined ? -1 : raw.columnsAt + column;
    const summed = (channel.parts & (part.sum | part.squares | part.extremes)) !== 0;
    if (valueAt < 0 || !summed) this.count(data, { from: from * stride, until: until * stride, stride, wordAt, bit, valueAt });
    else if (raw.kindOf(column ?? 0) === 'double') this.addDoubles(data, { from: from * stride, until: until * stride, stride, wordAt, bit, valueAt }, (channel.parts & part.squares) !== 0);
    else this.addIntegers(data, { from: from * stride, until: until * stride, stride, wordAt, bit, valueAt }, (channel.parts & part.squares) !== 0);
  }

  private count(data: readonly number[], { from, until, stride, wordAt, bit, valueAt }: Walk): void {
    let rows = 0;
    let values = 0;
    for (let at = from; at < until; at += stride) {
      if (wordAt >= 0 && ((data[at + wordAt] as number) & bit) === 0) continue;
      rows++;
      if (valueAt < 0) continue;
      const value = data[at + valueAt] as number;
      if (value === value) values++;
    }
    this.rows = rows;
    this.values = values;
  }

  /** Plain sums while their terms' sizes add up to less than 2^53, so that every step is exact; else again with exact ones. */
  private addIntegers(data: readonly number[], walk: Walk, squared: boolean): void {
    const { from, until, stride, wordAt, bit, valueAt } = walk;
    let rows = 0;
    let count = 0;
    let sum = 0;
    let size = 0;
    let squares = 0;
    let min = Infinity;
    let max = -Infinity;
    for (let at = from; at < until; at += stride) {
      if (wordAt >= 0 && ((data[at + wordAt] as number) & bit) === 0) continue;
      rows++;
      const value = data[at + valueAt] as number;
      if (value !== value) continue;
      count++;
      sum += value;
      size += value < 0 ? -value : value;
      squares += value * value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (size > exactMax || (squared && squares > exactMax)) { this.addDoubles(data, walk, squared); return; }
    this.rows = rows;
    this.values = count;
    this.min = min;
    this.max = max;
    this.sum.add(sum);
    this.squares.add(squares);
  }

  private addDoubles(data: readonly number[], { from, until, stride, wordAt, bit, valueAt }: Walk, squared: boolean): void {
    let rows = 0;
    for (let at = from; at < until; at += stride) {
      if (wordAt >= 0 && ((data[at + wordAt] as number) & bit) === 0) continue;
      rows++;
      const value = data[at + valueAt] as number;
      if (value !== value) continue;
      this.values++;
      this.sum.add(value);
      if (squared) this.squares.addSquare(value);
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
    }
    this.rows = rows;
  }
}

interface Walk { readonly from: number; readonly until: number; readonly stride: number; readonly wordAt: number; readonly bit: number; readonly valueAt: number }
