import type { Value } from '@weir/contracts';
import type { ColumnKind } from './channel';

const capacityMin = 4;
/** A dictionary is rebuilt when it holds this many more texts than rows could need. */
const staleTextsMax = 64;

/** Texts of a column, coded in the order of their first use. */
class Dictionary {
  readonly texts: string[] = [];
  private codeByText: Map<string, number> | null = null;

  codeOf(text: string): number {
    if (this.codeByText === null) {
      if (this.texts.length < 8) {
        const found = this.texts.indexOf(text);
        return found >= 0 ? found : this.texts.push(text) - 1;
      }
      this.codeByText = new Map(this.texts.map((known, code) => [known, code]));
    }
    let code = this.codeByText.get(text);
    if (code === undefined) {
      code = this.texts.push(text) - 1;
      this.codeByText.set(text, code);
    }
    return code;
  }
}

/**
 * Events of one key in the order of (time, log): parallel columns of doubles, NaN for null, text as codes. Appending and taking from
 * the front are cheap; a late event moves those behind it. Rows are `head` … `end − 1`.
 */
export class RawColumns {
  head = 0;
  end = 0;
  timesMs: Float64Array;
  /** Place in the log; -1 where only the order is known (rows taken from storage). */
  orders: Float64Array;
  readonly columns: Float64Array[];
  readonly filters: Uint8Array[];
  private readonly dictionaries: (Dictionary | null)[];
  private capacity = capacityMin;

  constructor(private readonly kinds: readonly ColumnKind[], filters: number) {
    this.timesMs = new Float64Array(capacityMin);
    this.orders = new Float64Array(capacityMin);
    this.columns = kinds.map(() => new Float64Array(capacityMin));
    this.filters = Array.from({ length: filters }, () => new Uint8Array(capacityMin));
    this.dictionaries = kinds.map((kind) => (kind === 'text' ? new Dictionary() : null));
  }

  /** Rows taken from storage: ascending, their place in the log known by order alone. */
  static from(kinds: readonly ColumnKind[], rows: { readonly timesMs: Float64Array; readonly filters: readonly Uint8Array[]; readonly columns: readonly Float64Array[]; readonly texts: readonly (readonly string[])[] }): RawColumns {
    const raw = new RawColumns(kinds, rows.filters.length);
    const count = rows.timesMs.length;
    raw.capacity = Math.max(capacityMin, count + 1);
    raw.head = 0;
    raw.end = count;
    raw.timesMs = padded(rows.timesMs, raw.capacity);
    raw.orders = new Float64Array(raw.capacity).fill(-1);
    rows.columns.forEach((column, index) => { raw.columns[index] = padded(column, raw.capacity); });
    rows.filters.forEach((filter, index) => { const bits = new Uint8Array(raw.capacity); bits.set(filter); raw.filters[index] = bits; });
    rows.texts.forEach((texts, index) => { for (const text of texts) raw.dictionaries[index]?.texts.push(text); });
    return raw;
  }

  get count(): number { return this.end - this.head; }

  /** First row with a time at or after `timeMs`. */
  firstAtOrAfter(timeMs: number): number {
    const times = this.timesMs;
    if (this.end === this.head || (times[this.end - 1] as number) < timeMs) return this.end;
    let low = this.head;
    let high = this.end - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] as number) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts an event at its place, behind those of the same time that are earlier in the log; gives its row. */
  insert(timeMs: number, order: number, values: readonly Value[], passes: Uint8Array): number {
    if (this.end === this.capacity) this.makeRoom();
    let row = this.end;
    while (row > this.head) {
      const before = this.timesMs[row - 1] as number;
      if (before < timeMs || (before === timeMs && (this.orders[row - 1] as number) <= order)) break;
      row--;
    }
    if (row < this.end) this.shift(row);
    this.end++;
    this.timesMs[row] = timeMs;
    this.orders[row] = order;
    for (let i = 0; i < this.columns.length; i++) (this.columns[i] as Float64Array)[row] = this.encodeValue(i, values[i] ?? null);
    for (let i = 0; i < this.filters.length; i++) (this.filters[i] as Uint8Array)[row] = passes[i] as number;
    return row;
  }

  /** Forgets the oldest `count` rows. */
  dropFront(count: number): void {
    this.head += count;
    if (this.head === this.end) { this.head = 0; this.end = 0; }
  }

  valueAt(column: number, row: number): Value {
    const value = (this.columns[column] as Float64Array)[row] as number;
    if (Number.isNaN(value)) return null;
    const kind = this.kinds[column];
    if (kind === 'text') return (this.dictionaries[column] as Dictionary).texts[value] ?? null;
    return kind === 'bool' ? value !== 0 : value;
  }

  /** Codes in use are below this. */
  textCount(column: number): number { return this.dictionaries[column]?.texts.length ?? 0; }
  textOf(column: number, code: number): string { return this.dictionaries[column]?.texts[code] ?? ''; }
  kindOf(column: number): ColumnKind { return this.kinds[column] ?? 'double'; }

  /** A copy that shares nothing. */
  clone(): RawColumns {
    const copy = new RawColumns(this.kinds, this.filters.length);
    copy.capacity = Math.max(capacityMin, this.count + 1);
    copy.resize(this);
    copy.end = this.count;
    this.dictionaries.forEach((dictionary, column) => { for (const text of dictionary?.texts ?? []) copy.dictionaries[column]?.texts.push(text); });
    return copy;
  }

  private encodeValue(column: number, value: Value): number {
    if (value === null) return NaN;
    if (typeof value === 'number') return value + 0;
    if (typeof value === 'boolean') return value ? 1 : 0;
    const dictionary = this.dictionaries[column];
    if (dictionary === null || dictionary === undefined) return NaN;
    if (dictionary.texts.length > 2 * this.count + staleTextsMax) this.rebuildDictionary(column);
    return (this.dictionaries[column] as Dictionary).codeOf(value);
  }

  private rebuildDictionary(column: number): void {
    const old = this.dictionaries[column] as Dictionary;
    const fresh = new Dictionary();
    const codes = this.columns[column] as Float64Array;
    for (let row = this.head; row < this.end; row++) {
      const code = codes[row] as number;
      const text = Number.isNaN(code) ? undefined : old.texts[code];
      if (text !== undefined) codes[row] = fresh.codeOf(text);
    }
    this.dictionaries[column] = fresh;
  }

  private makeRoom(): void {
    if (this.head > this.capacity / 2) {
      this.move(0);
      return;
    }
    this.capacity *= 2;
    this.resize(this);
    const count = this.count;
    this.head = 0;
    this.end = count;
  }

  private resize(from: RawColumns): void {
    const { head, end } = from;
    const grown = (values: Float64Array): Float64Array => { const copy = new Float64Array(this.capacity); copy.set(values.subarray(head, end)); return copy; };
    this.timesMs = grown(from.timesMs);
    this.orders = grown(from.orders);
    for (let i = 0; i < this.columns.length; i++) this.columns[i] = grown(from.columns[i] as Float64Array);
    for (let i = 0; i < this.filters.length; i++) {
      const copy = new Uint8Array(this.capacity);
      copy.set((from.filters[i] as Uint8Array).subarray(head, end));
      this.filters[i] = copy;
    }
  }

  private move(to: number): void {
    const { head, end } = this;
    this.timesMs.copyWithin(to, head, end);
    this.orders.copyWithin(to, head, end);
    for (const column of this.columns) column.copyWithin(to, head, end);
    for (const filter of this.filters) filter.copyWithin(to, head, end);
    this.head = to;
    this.end = to + end - head;
  }

  private shift(row: number): void {
    this.timesMs.copyWithin(row + 1, row, this.end);
    this.orders.copyWithin(row + 1, row, this.end);
    for (const column of this.columns) column.copyWithin(row + 1, row, this.end);
    for (const filter of this.filters) filter.copyWithin(row + 1, row, this.end);
  }
}

function padded(values: Float64Array, capacity: number): Float64Array {
  const copy = new Float64Array(capacity);
  copy.set(values);
  return copy;
}
