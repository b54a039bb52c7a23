import { type ByteReader, type Places, type ByteWriter, WeirError } from '@weir/contracts';
import type { ColumnKind } from './channel';
import { CodeCounts } from './code-counts';
import type { KernelPlan } from './kernel-plan';
import { KeyedState } from './keyed-state';
import { RawRows, filtersPerWord } from './raw-rows';
import { TileSet } from './tile-set';

/** Changes when the layout of packed state does. */
const stateFormatVersion = 1;
/** Fractions are kept as whole numbers of 10^-digits where every value of a column comes back the same. */
const digitsMax = 6;
const wholeDoubles = 15;
const powers: readonly number[] = Array.from({ length: digitsMax + 1 }, (_, digits) => 10 ** digits);
const noneSet = 0;
const allSet = 1;
const someSet = 2;
const safeMax = Number.MAX_SAFE_INTEGER;
const { floor, round } = Math;

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
  for (let filter = 0; filter < raw.filterCount; filter++) encodeBits(writer, raw, filter, isFilterSet);
  const { columns } = state.plan;
  for (let column = 0; column < columns.length; column++) encodeColumn(writer, raw, column, columns[column] as ColumnKind);
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
  const raw = decodeRows(reader, plan, count, firstMs);
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

/** Scratch: rows are filled in column by column, then copied in one piece. */
const scratch: number[] = [];

function decodeRows(reader: ByteReader, plan: KernelPlan, count: number, firstMs: number): RawRows {
  const raw = new RawRows(plan.columns, plan.filters, plan.texts);
  if (count === 0) return raw;
  const { stride, columnsAt } = raw, size = count * stride;
  while (scratch.length < size) scratch.push(NaN);
  reader.sums(scratch, { at: 0, stride, count }, { start: firstMs, scale: reader.byte() === 0 ? 1 : 1_000 });
  for (let at = 1; at < size; at += stride) scratch[at] = -1;
  for (let word = 2; word < columnsAt; word++) for (let at = word; at < size; at += stride) scratch[at] = 0;
  for (let filter = 0; filter < plan.filters; filter++) {
    decodeBits(reader, count);
    const word = 2 + floor(filter / filtersPerWord), bit = 1 << (filter % filtersPerWord);
    for (let row = 0, at = word; row < count; row++, at += stride) if (bits[row] === 1) scratch[at] = (scratch[at] as number) | bit;
  }
  plan.columns.forEach((kind, column) => { decodeColumn(reader, raw, { at: columnsAt + column, stride, count }, kind); });
  raw.takeOver(scratch, count);
  return raw;
}

function encodeTimes(writer: ByteWriter, raw: RawRows, firstMs: number): void {
  if (raw.count === 0) return;
  const { data, stride, head, end } = raw;
  let unitMs = 1_000;
  for (let at = head * stride; at < end * stride && unitMs > 1; at += stride) if (((data[at] as number) - firstMs) % unitMs !== 0) unitMs = 1;
  writer.byte(unitMs === 1 ? 0 : 1);
  let last = firstMs;
  for (let at = head * stride; at < end * stride; at += stride) {
    const timeMs = data[at] as number;
    writer.varint((timeMs - last) / unitMs);
    last = timeMs;
  }
}

type Bit = (raw: RawRows, which: number, row: number) => boolean;
const isFilterSet: Bit = (raw, filter, row) => raw.passes(filter, row);
const isNull: Bit = (raw, column, row) => { const value = raw.numberAt(column, row); return value !== value; };

/** One byte when all are alike, else a bit each. Gives how many are set. */
function encodeBits(writer: ByteWriter, raw: RawRows, which: number, bit: Bit): number {
  const { head, end, count } = raw;
  let set = 0;
  for (let row = head; row < end; row++) if (bit(raw, which, row)) set++;
  if (set === 0 || set === count) { writer.byte(set === 0 ? noneSet : allSet); return set; }
  writer.byte(someSet);
  for (let row = head; row < end; row += 8) {
    let byte = 0;
    for (let j = 0; j < 8 && row + j < end; j++) if (bit(raw, which, row + j)) byte |= 1 << j;
    writer.byte(byte);
  }
  return set;
}

/** Scratch: a bit each of what `decodeBits` read last. */
let bits = new Uint8Array(1_024);

/** Gives whether all are alike. */
function decodeBits(reader: ByteReader, count: number): number {
  if (bits.length < count) bits = new Uint8Array(2 * count);
  const mode = reader.byte();
  if (mode !== someSet) { bits.fill(mode === allSet ? 1 : 0, 0, count); return mode; }
  for (let i = 0; i < count; i += 8) {
    const byte = reader.byte();
    for (let j = 0; j < 8 && i + j < count; j++) bits[i + j] = (byte >> j) & 1;
  }
  return mode;
}

function encodeColumn(writer: ByteWriter, raw: RawRows, column: number, kind: ColumnKind): void {
  if (encodeBits(writer, raw, column, isNull) === raw.count) return;
  const { data, stride } = raw;
  const from = raw.head * stride + raw.columnsAt + column;
  const until = raw.end * stride;
  switch (kind) {
    case 'int': case 'bool':
      for (let at = from; at < until; at += stride) { const value = data[at] as number; if (value === value) writer.signed(value); }
      return;
    case 'double': encodeDoubles(writer, data, { from, until, stride }); return;
    case 'text': encodeTexts(writer, raw, { from, until, stride });
  }
}

interface Walk { readonly from: number; readonly until: number; readonly stride: number }

function encodeDoubles(writer: ByteWriter, data: readonly number[], walk: Walk): void {
  const { from, until, stride } = walk;
  let digits = 0;
  while (digits <= digitsMax && !allComeBack(data, walk, powers[digits] as number)) digits++;
  writer.byte(digits > digitsMax ? wholeDoubles : digits);
  const scale = powers[digits] ?? 0;
  for (let at = from; at < until; at += stride) {
    const value = data[at] as number;
    if (value !== value) continue;
    if (digits > digitsMax) writer.double(value);
    else writer.signed(round(value * scale) + 0);
  }
}

function allComeBack(data: readonly number[], { from, until, stride }: Walk, scale: number): boolean {
  for (let at = from; at < until; at += stride) {
    const value = data[at] as number;
    if (value !== value) continue;
    const whole = round(value * scale);
    if (whole / scale !== value || whole > safeMax || whole < -safeMax) return false;
  }
  return true;
}

/** Scratch: the texts of a column, in the order of their first use. */
const used = new CodeCounts();

function encodeTexts(writer: ByteWriter, raw: RawRows, { from, until, stride }: Walk): void {
  const { data, texts } = raw;
  used.clear();
  for (let at = from; at < until; at += stride) { const code = data[at] as number; if (code === code) used.add(code); }
  writer.varint(used.size);
  for (let place = 0; place < used.size; place++) writer.text(texts.textOf(used.codeAt(place)));
  if (used.size < 2) return;
  for (let at = from; at < until; at += stride) { const code = data[at] as number; if (code === code) writer.varint(used.add(code)); }
}

function decodeColumn(reader: ByteReader, { texts }: RawRows, places: Places, kind: ColumnKind): void {
  const { count } = places, mode = decodeBits(reader, count);
  if (mode === allSet) { fill(places, nothing); return; }
  switch (kind) {
    case 'int': case 'bool':
      if (mode === noneSet) reader.signeds(scratch, places); else fill(places, () => reader.signed());
      return;
    case 'double': {
      const digits = reader.byte();
      if (digits === wholeDoubles) { fill(places, () => reader.double()); return; }
      const scale = powers[digits] ?? 1;
      fill(places, () => reader.signed() / scale);
      return;
    }
    case 'text': {
      const codes: number[] = [];
      const size = reader.varint();
      for (let i = 0; i < size; i++) codes.push(texts.numberOf(reader.text()));
      const [only = NaN] = codes;
      if (size < 2) fill(places, () => only); else fill(places, () => codes[reader.varint()] as number);
    }
  }
}

const nothing = (): number => 0;

/** Next values in their places; nulls where a bit is set. */
function fill({ at, stride, count }: Places, next: () => number): void {
  for (let row = 0, place = at; row < count; row++, place += stride) scratch[place] = bits[row] === 1 ? NaN : next();
}
