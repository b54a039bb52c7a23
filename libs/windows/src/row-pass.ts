import type { Channel } from './channel';
import { part } from './channel';
import { ExactSum } from './exact-sum';
import type { RawColumns } from './raw-columns';

const exactMax = 9_007_199_254_740_992;

/** Counts, sums and extremes of a channel over a range of rows. Reused; sums are exact. */
export class RowPass {
  rows = 0;
  values = 0;
  min = Infinity;
  max = -Infinity;
  readonly sum = new ExactSum();
  readonly squares = new ExactSum();

  run(raw: RawColumns, channel: Channel, from: number, until: number): void {
    this.rows = 0;
    this.values = 0;
    this.min = Infinity;
    this.max = -Infinity;
    this.sum.reset();
    this.squares.reset();
    const passes = channel.filter < 0 ? null : (raw.filters[channel.filter] as Uint8Array);
    const column = channel.columns[0];
    if (column === undefined) { this.countRows(passes, from, until); return; }
    const values = raw.columns[column] as Float64Array;
    const kind = raw.kindOf(column);
    if (kind === 'text' || !(channel.parts & (part.sum | part.squares | part.extremes))) this.countValues(values, passes, from, until);
    else if (kind === 'double') this.addDoubles(values, passes, from, until, (channel.parts & part.squares) !== 0);
    else this.addIntegers(values, passes, from, until, (channel.parts & part.squares) !== 0);
  }

  private countRows(passes: Uint8Array | null, from: number, until: number): void {
    if (passes === null) { this.rows = until - from; return; }
    let rows = 0;
    for (let row = from; row < until; row++) rows += passes[row] as number;
    this.rows = rows;
  }

  private countValues(values: Float64Array, passes: Uint8Array | null, from: number, until: number): void {
    for (let row = from; row < until; row++) {
      if (passes !== null && passes[row] === 0) continue;
      this.rows++;
      const value = values[row] as number;
      if (value === value) this.values++;
    }
  }

  /** Plain sums while their terms' sizes add up to less than 2^53, so that every step is exact; else again with exact ones. */
  private addIntegers(values: Float64Array, passes: Uint8Array | null, from: number, until: number, squared: boolean): void {
    let rows = 0;
    let count = 0;
    let sum = 0;
    let size = 0;
    let squares = 0;
    let min = Infinity;
    let max = -Infinity;
    for (let row = from; row < until; row++) {
      if (passes !== null && passes[row] === 0) continue;
      rows++;
      const value = values[row] as number;
      if (value !== value) continue;
      count++;
      sum += value;
      size += value < 0 ? -value : value;
      squares += value * value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (size > exactMax || (squared && squares > exactMax)) { this.addDoubles(values, passes, from, until, squared); return; }
    this.rows = rows;
    this.values = count;
    this.min = min;
    this.max = max;
    this.sum.add(sum);
    this.squares.add(squares);
  }

  private addDoubles(values: Float64Array, passes: Uint8Array | null, from: number, until: number, squared: boolean): void {
    for (let row = from; row < until; row++) {
      if (passes !== null && passes[row] === 0) continue;
      this.rows++;
      const value = values[row] as number;
      if (value !== value) continue;
      this.values++;
      this.sum.add(value);
      if (squared) this.squares.addSquare(value);
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
    }
  }
}
