import type { Value } from '@weir/contracts';
import type { ColumnKind } from './channel';
import type { TextTable, TextTables } from './text-table';

const { floor } = Math;
/** Rows taken from the front stay where they are until there are so many, and as many as are left. */
const compactFromRows = 32;
/** Rows brought near before they are asked for. */
const readAheadRows = 24;
/** Filters in one word of a row: whole numbers up to 2^31 are bits. */
export const filtersPerWord = 31;

/**
 * Events of one key in the order of (time, log), row after row in one array of doubles: time, place in the log, filter bits, then the
 * columns; NaN for null, text as a code. Appending and taking from the front are cheap; a late event moves those behind it. Rows are
 * `head` … `end − 1`; `dropped + row − head` numbers them for ever.
 */
export class RawRows {
  head = 0;
  end = 0;
  /** Rows taken from the front so far. */
  dropped = 0;
  /** Where its texts are: a text is a number of this table. */
  texts: TextTable;
  /** `stride` doubles a row; packed, so that it is one block of memory. */
  data: number[] = [];
  readonly stride: number;
  /** Where a row's columns begin. */
  readonly columnsAt: number;

  constructor(private readonly kinds: readonly ColumnKind[], readonly filterCount: number, private readonly tables: TextTables) {
    this.columnsAt = 2 + Math.ceil(filterCount / filtersPerWord);
    this.stride = this.columnsAt + kinds.length;
    this.texts = tables.current;
  }

  get count(): number { return this.end - this.head; }
  timeAt(row: number): number { return this.data[row * this.stride] as number; }
  numberAt(column: number, row: number): number { return this.data[row * this.stride + this.columnsAt + column] as number; }

  passes(filter: number, row: number): boolean {
    return ((this.data[row * this.stride + 2 + floor(filter / filtersPerWord)] as number) & (1 << (filter % filtersPerWord))) !== 0;
  }

  get newestMs(): number { return this.end > this.head ? this.timeAt(this.end - 1) : -Infinity; }

  /** Reads the newest rows for the sake of having them near; the answer means nothing. */
  readAhead(): number {
    let seen = 0;
    for (let row = this.end - 1, stop = Math.max(this.head, this.end - readAheadRows); row >= stop; row--) seen += this.timeAt(row);
    return seen;
  }

  /** First row with a time at or after `timeMs`. */
  firstAtOrAfter(timeMs: number): number {
    const { data, stride } = this;
    if (this.end === this.head || (data[(this.end - 1) * stride] as number) < timeMs) return this.end;
    let low = this.head;
    let high = this.end - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((data[middle * stride] as number) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts an event at its place, behind those of the same time that are earlier in the log; gives its row. */
  insert(timeMs: number, order: number, values: readonly Value[], passes: Uint8Array): number {
    const { data, stride } = this;
    const texts = this.tables.current;
    if (texts !== this.texts) this.moveTexts(texts);
    let row = this.end;
    while (row > this.head) {
      const before = data[(row - 1) * stride] as number;
      if (before < timeMs || (before === timeMs && (data[(row - 1) * stride + 1] as number) <= order)) break;
      row--;
    }
    let at = this.end * stride;
    for (let i = 0; i < stride; i++) data.push(timeMs);
    if (row < this.end) {
      at = row * stride;
      // A plain loop: copyWithin of a plain array asks for every element's existence.
      for (let to = this.end * stride + stride - 1, stop = at + stride; to >= stop; to--) data[to] = data[to - stride] as number;
    }
    this.end++;
    data[at] = timeMs;
    data[at + 1] = order;
    for (let word = 2; word < this.columnsAt; word++) data[at + word] = 0;
    for (let filter = 0; filter < this.filterCount; filter++) {
      if (passes[filter] !== 0) data[at + 2 + floor(filter / filtersPerWord)] = (data[at + 2 + floor(filter / filtersPerWord)] as number) | (1 << (filter % filtersPerWord));
    }
    for (let i = 0; i < this.kinds.length; i++) data[at + this.columnsAt + i] = this.encodeValue(i, values[i] ?? null);
    return row;
  }

  /** Forgets the oldest `count` rows. */
  dropFront(count: number): void {
    this.head += count;
    this.dropped += count;
    if (this.head < this.end && this.head < Math.max(compactFromRows, this.count)) return;
    const { data, stride } = this;
    for (let to = 0, from = this.head * stride, stop = this.end * stride; from < stop; to++, from++) data[to] = data[from] as number;
    this.end -= this.head;
    this.head = 0;
    this.data.length = this.end * this.stride;
  }

  valueAt(column: number, row: number): Value {
    const value = this.numberAt(column, row);
    if (value !== value) return null;
    const kind = this.kinds[column];
    if (kind === 'text') return this.texts.textOf(value);
    return kind === 'bool' ? value !== 0 : value;
  }

  kindOf(column: number): ColumnKind { return this.kinds[column] ?? 'double'; }

  /** A copy that shares nothing. */
  clone(): RawRows {
    const copy = new RawRows(this.kinds, this.filterCount, this.tables);
    copy.texts = this.texts;
    for (let at = this.head * this.stride; at < this.end * this.stride; at++) copy.data.push(this.data[at] as number);
    copy.end = this.count;
    copy.dropped = this.dropped;
    return copy;
  }

  /** Rows from storage, laid out as `data` is; their place in the log is known by order alone. Only for rows that were just made. */
  takeOver(rows: readonly number[], count: number): void {
    this.data = rows.slice(0, count * this.stride);
    this.end = count;
  }

  private encodeValue(column: number, value: Value): number {
    if (value === null) return NaN;
    if (typeof value === 'number') return value + 0;
    if (typeof value === 'boolean') return value ? 1 : 0;
    return this.kinds[column] === 'text' ? this.texts.numberOf(value) : NaN;
  }

  private moveTexts(to: TextTable): void {
    for (let column = 0; column < this.kinds.length; column++) {
      if (this.kinds[column] !== 'text') continue;
      for (let row = this.head; row < this.end; row++) {
        const at = row * this.stride + this.columnsAt + column, code = this.data[at] as number;
        if (code === code) this.data[at] = to.numberOf(this.texts.textOf(code));
      }
    }
    this.texts = to;
  }
}
