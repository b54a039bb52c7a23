import { WeirError } from '@weir/contracts';
import type { ByteReader } from './byte-reader';
import type { ByteWriter } from './byte-writer';
import type { ColumnKind } from './channel';
import type { KernelPlan } from './kernel-plan';
import { KeyedState } from './keyed-state';
import { RawRows, filtersPerWord } from './raw-rows';
import { TileSet } from './tile-set';

/** Changes when the layout of packed state does. */
export const stateFormatVersion = 1;
/** Fractions are kept as whole numbers of 10^-digits where every value of a column comes back the same. */
const digitsMax = 6;
const wholeDoubles = 15;
const noneNull = 0;
const allNull = 1;
const someNull = 2;

/** Packs a key's state; the same state always gives the same bytes. */
export function encodeState(writer: ByteWriter, state: KeyedState): void {
  const { raw } = state;
  writer.byte(stateFormatVersion);
  writer.varint(state.lastOrder + 1);
  writer.signed(state.firstMs === Infinity ? 0 : state.firstMs);
  writer.byte(state.spilledNewestMs === -Infinity ? 0 : 1);
  if (state.spilledNewestMs !== -Infinity) writer.signed(state.spilledNewestMs - state.firstMs);
  writer.varint(raw.count);
  encodeTimes(writer, raw, state.firstMs);
  for (let filter = 0; filter < raw.filterCount; filter++) encodeBits(writer, raw.count, (index) => raw.passes(filter, raw.head + index));
  state.plan.columns.forEach((kind, column) => encodeColumn(writer, raw, column, kind));
  const sets = state.tileSets?.some((set) => !set.empty) === true ? state.tileSets : null;
  writer.byte(sets === null ? 0 : 1);
  for (const set of sets ?? []) {
    writer.byte(set.empty ? 0 : 1);
    if (!set.empty) set.encode(writer);
  }
}

/** @throws WeirError WEIR_STORE_FAILED for bytes of another format or that end early. */
export function decodeState(reader: ByteReader, plan: KernelPlan): KeyedState {
  const version = reader.byte();
  if (version !== stateFormatVersion) throw new WeirError('WEIR_STORE_FAILED', `packed state has format ${version}, this build reads ${stateFormatVersion}`);
  const lastOrder = reader.varint() - 1;
  const firstMs = reader.signed();
  const spilledNewestMs = reader.byte() === 0 ? -Infinity : firstMs + reader.signed();
  const count = reader.varint();
  const timesMs = decodeTimes(reader, count, firstMs);
  const filters = Array.from({ length: plan.filters }, () => decodeBits(reader, count));
  const columns = plan.columns.map((kind) => decodeColumn(reader, kind, count));
  const raw = rowsOf(plan, timesMs, filters, columns);
  const tileSets = reader.byte() === 0 ? null : plan.tileClasses.map((tileClass) => (reader.byte() === 0 ? new TileSet(tileClass) : TileSet.decode(reader, tileClass)));
  const state = new KeyedState(plan, raw, tileSets);
  state.lastOrder = lastOrder;
  state.firstMs = count === 0 && spilledNewestMs === -Infinity ? Infinity : firstMs;
  state.spilledNewestMs = spilledNewestMs;
  return state;
}

/** The current event of a merged read: its part, and its row there. */
export interface CurrentInPart { readonly part: number; readonly row: number }

/**
 * A key's state for one read, as if the events of all parts had been one log, those of an earlier part before those of a later one at equal
 * times. With a current event, later parts' events of its time are left out: they come after it. It holds all rows of all parts.
 */
export function mergeStates(plan: KernelPlan, parts: readonly KeyedState[], current?: CurrentInPart): { readonly state: KeyedState; readonly currentRow: number } {
  const state = new KeyedState(plan);
  const passes = new Uint8Array(plan.filters);
  const currentMs = current === undefined ? NaN : parts[current.part]?.raw.timeAt(current.row) ?? NaN;
  parts.forEach(({ raw, tileSets, firstMs, spilledNewestMs }, part) => {
    state.firstMs = Math.min(state.firstMs, firstMs);
    state.spilledNewestMs = Math.max(state.spilledNewestMs, spilledNewestMs);
    tileSets?.forEach((set, index) => state.tiles()[index]?.mergeFrom(set));
    for (let row = raw.head; row < raw.end; row++) {
      const timeMs = raw.timeAt(row);
      if (timeMs === currentMs && current !== undefined && part > current.part) continue;
      for (let i = 0; i < passes.length; i++) passes[i] = raw.passes(i, row) ? 1 : 0;
      state.raw.insert(timeMs, part, plan.columns.map((_, column) => raw.valueAt(column, row)), passes);
    }
  });
  return { state, currentRow: current === undefined ? -1 : state.raw.firstAtOrAfter(currentMs + 1) - 1 };
}

function rowsOf(plan: KernelPlan, timesMs: Float64Array, filters: readonly Uint8Array[], columns: readonly DecodedColumn[]): RawRows {
  const raw = new RawRows(plan.columns, plan.filters);
  const words = new Array<number>(raw.columnsAt - 2).fill(0);
  const numbers = new Array<number>(columns.length).fill(0);
  for (let row = 0; row < timesMs.length; row++) {
    words.fill(0);
    filters.forEach((filter, index) => { if (filter[row] === 1) words[Math.floor(index / filtersPerWord)] = (words[Math.floor(index / filtersPerWord)] as number) | (1 << (index % filtersPerWord)); });
    columns.forEach((column, index) => { numbers[index] = column.values[row] as number; });
    raw.append(timesMs[row] as number, words, numbers);
  }
  columns.forEach((column, index) => { if (column.texts.length > 0) raw.useTexts(index, column.texts); });
  return raw;
}

function encodeTimes(writer: ByteWriter, raw: RawRows, firstMs: number): void {
  if (raw.count === 0) return;
  let unitMs = 1_000;
  for (let row = raw.head; row < raw.end && unitMs > 1; row++) if ((raw.timeAt(row) - firstMs) % unitMs !== 0) unitMs = 1;
  writer.byte(unitMs === 1 ? 0 : 1);
  let last = firstMs;
  for (let row = raw.head; row < raw.end; row++) {
    writer.varint((raw.timeAt(row) - last) / unitMs);
    last = raw.timeAt(row);
  }
}

function decodeTimes(reader: ByteReader, count: number, firstMs: number): Float64Array {
  const timesMs = new Float64Array(count);
  if (count === 0) return timesMs;
  const unitMs = reader.byte() === 0 ? 1 : 1_000;
  let last = firstMs;
  for (let i = 0; i < count; i++) {
    last += reader.varint() * unitMs;
    timesMs[i] = last;
  }
  return timesMs;
}

/** One byte when all are alike, else a bit each. */
function encodeBits(writer: ByteWriter, count: number, bit: (index: number) => boolean): void {
  let set = 0;
  for (let i = 0; i < count; i++) if (bit(i)) set++;
  if (set === 0 || set === count) { writer.byte(set === 0 ? noneNull : allNull); return; }
  writer.byte(someNull);
  for (let i = 0; i < count; i += 8) {
    let byte = 0;
    for (let j = 0; j < 8 && i + j < count; j++) if (bit(i + j)) byte |= 1 << j;
    writer.byte(byte);
  }
}

function decodeBits(reader: ByteReader, count: number): Uint8Array {
  const bits = new Uint8Array(count);
  const mode = reader.byte();
  if (mode === allNull) bits.fill(1);
  if (mode !== someNull) return bits;
  for (let i = 0; i < count; i += 8) {
    const byte = reader.byte();
    for (let j = 0; j < 8 && i + j < count; j++) bits[i + j] = (byte >> j) & 1;
  }
  return bits;
}

function encodeColumn(writer: ByteWriter, raw: RawRows, column: number, kind: ColumnKind): void {
  const values = Float64Array.from({ length: raw.count }, (_, index) => raw.numberAt(column, raw.head + index));
  encodeBits(writer, values.length, (index) => Number.isNaN(values[index]));
  const known = values.filter((value) => value === value);
  if (known.length === 0) return;
  switch (kind) {
    case 'int': for (const value of known) writer.signed(value); return;
    case 'bool': encodeBits(writer, known.length, (index) => known[index] === 1); return;
    case 'double': encodeDoubles(writer, known); return;
    case 'text': encodeTexts(writer, raw, column, known);
  }
}

function encodeDoubles(writer: ByteWriter, values: Float64Array): void {
  let digits = 0;
  while (digits <= digitsMax && !values.every((value) => comesBack(value, 10 ** digits))) digits++;
  if (digits > digitsMax) {
    writer.byte(wholeDoubles);
    for (const value of values) writer.double(value);
    return;
  }
  writer.byte(digits);
  for (const value of values) writer.signed(Math.round(value * 10 ** digits));
}

function comesBack(value: number, scale: number): boolean {
  const whole = Math.round(value * scale);
  return Number.isSafeInteger(whole) && whole / scale === value;
}

function encodeTexts(writer: ByteWriter, raw: RawRows, column: number, codes: Float64Array): void {
  const rankByCode = new Map<number, number>();
  for (const code of codes) if (!rankByCode.has(code)) rankByCode.set(code, rankByCode.size);
  writer.varint(rankByCode.size);
  for (const code of rankByCode.keys()) writer.text(raw.textOf(column, code));
  if (rankByCode.size > 1) for (const code of codes) writer.varint(rankByCode.get(code) ?? 0);
}

interface DecodedColumn { readonly values: Float64Array; readonly texts: readonly string[] }

function decodeColumn(reader: ByteReader, kind: ColumnKind, count: number): DecodedColumn {
  const nulls = decodeBits(reader, count);
  const values = new Float64Array(count).fill(NaN);
  const rows: number[] = [];
  for (let i = 0; i < count; i++) if (nulls[i] === 0) rows.push(i);
  if (rows.length === 0) return { values, texts: [] };
  switch (kind) {
    case 'int': for (const row of rows) values[row] = reader.signed(); break;
    case 'bool': { const bits = decodeBits(reader, rows.length); rows.forEach((row, index) => { values[row] = bits[index] as number; }); break; }
    case 'double': decodeDoubles(reader, values, rows); break;
    case 'text': {
      const texts = Array.from({ length: reader.varint() }, () => reader.text());
      for (const row of rows) values[row] = texts.length > 1 ? reader.varint() : 0;
      return { values, texts };
    }
  }
  return { values, texts: [] };
}

function decodeDoubles(reader: ByteReader, values: Float64Array, rows: readonly number[]): void {
  const digits = reader.byte();
  if (digits === wholeDoubles) for (const row of rows) values[row] = reader.double();
  else for (const row of rows) values[row] = reader.signed() / 10 ** digits;
}
