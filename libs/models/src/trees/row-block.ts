import type { InputColumns } from './input-columns';

/** Rows explained together: few enough that their numbers stay in the processor's cache beside one tree's. */
export const blockRowsMax = 64;

/** Columns in, contributions out, row after row; reused from block to block. */
export class RowBlock {
  readonly columns: Float64Array;
  readonly contributions: Float64Array;
  readonly columnCount: number;
  rows = 0;
  private readonly one: Float64Array;

  constructor(readonly inputs: number, private readonly inputColumns: InputColumns) {
    this.columnCount = inputColumns.count;
    this.columns = new Float64Array(this.columnCount * blockRowsMax);
    this.contributions = new Float64Array(inputs * blockRowsMax);
    this.one = new Float64Array(this.columnCount);
  }

  clear(): void {
    this.contributions.fill(0, 0, this.rows * this.inputs);
    this.rows = 0;
  }

  add(row: ArrayLike<number>): void {
    this.inputColumns.expand(row, this.one);
    this.columns.set(this.one, this.rows++ * this.columnCount);
  }
}
