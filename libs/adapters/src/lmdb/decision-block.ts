import type { DecisionRow } from '@weir/ports';
import type { Database } from 'lmdb';
import { WeirError } from '@weir/contracts';
import { outcomesByCode, rowColumn, rowColumns, rowOf, rowStart, TextReader, type PackedRows } from './decision-pack';
import { hashBytes, hashText } from './text-hash';

/**
 * Decisions written together are two values, little-endian. What a search looks at: format, rows, marks (u32 each), lowest and highest event time (f64 each), the marks
 * (u32, ascending: hashes of what the rows can be found by). And the rows, as they are packed (`PackedRows`): format, rows, layouts, where the bytes begin (u32 each), the
 * numbers (f64), the ids of the layouts (length and text each), the bytes. They are not compressed: a compressor per block costs more than the disk, and counts hundreds of KB
 * against the garbage collector. A record is JSON text or, where it names a layout, packed.
 */
const formatVersion = 2;
const marksHeadBytes = 28;
const rowsHeadBytes = 16;

/** JSON text of a packed record. */
export type Unpack = (layoutId: string, bytes: Uint8Array) => string;

/** What rows are found by, each kind with its own letter. */
const letter = Object.freeze({ entity: 0x65, rule: 0x72, outcome: 0x6f, alert: 0x61 });
export const entityMark = (entity: string): number => hashText(entity, letter.entity);
export const ruleMark = (rule: string): number => hashText(rule, letter.rule);
export const outcomeMark = (outcome: string): number => hashText(outcome, letter.outcome);
export const alertMark = (alert: boolean): number => hashText(alert ? '1' : '0', letter.alert);
const markOfOutcome = outcomesByCode.map(outcomeMark);
const markOfAlert = [alertMark(false), alertMark(true)];

/** The marks of rows `from` … `to − 1`. */
export function encodeMarks(rows: PackedRows, from: number, to: number): Buffer {
  const { numbers } = rows, text = Buffer.from(rows.bytes.buffer, rows.bytes.byteOffset, rows.bytes.byteLength);
  const marks = new Set<number>();
  let lowestMs = Infinity, highestMs = -Infinity;
  for (let row = from; row < to; row++) {
    const at = row * rowColumns, timeMs = numbers[at + rowColumn.eventTimeMs] as number;
    const reader = new TextReader(text, rowStart(rows, row) + (numbers[at + rowColumn.record] as number));
    for (let passed = 0; passed < 3; passed++) reader.next();
    for (const kind of [letter.rule, letter.entity]) {
      for (let count = reader.count(); count > 0; count--) { const { from: start, to: end } = reader.next(); marks.add(hashBytes(text, start, end, kind)); }
    }
    marks.add(markOfOutcome[numbers[at + rowColumn.outcome] as number] ?? 0);
    marks.add(markOfAlert[numbers[at + rowColumn.alert] as number] ?? 0);
    if (timeMs < lowestMs) lowestMs = timeMs;
    if (timeMs > highestMs) highestMs = timeMs;
  }
  const bytes = Buffer.allocUnsafe(marksHeadBytes + marks.size * 4);
  let at = bytes.writeUInt32LE(marks.size, bytes.writeUInt32LE(to - from, bytes.writeUInt32LE(formatVersion, 0)));
  at = bytes.writeDoubleLE(highestMs, bytes.writeDoubleLE(lowestMs, at));
  for (const mark of Uint32Array.from(marks).sort()) at = bytes.writeUInt32LE(mark, at);
  return bytes;
}

/** Rows `from` … `to − 1` as a block. */
export function encodeRows(rows: PackedRows, from: number, to: number): Buffer {
  const start = rowStart(rows, from), end = rowStart(rows, to), ids = rows.layoutIds.map((id) => Buffer.from(id, 'utf8'));
  const numbersEnd = rowsHeadBytes + (to - from) * rowColumns * 8, bytesAt = ids.reduce((sum, id) => sum + 4 + id.length, numbersEnd);
  const block = Buffer.allocUnsafe(bytesAt + end - start);
  let at = block.writeUInt32LE(bytesAt, block.writeUInt32LE(ids.length, block.writeUInt32LE(to - from, block.writeUInt32LE(formatVersion, 0))));
  for (let place = from * rowColumns; place < to * rowColumns; place++) {
    const number = rows.numbers[place] as number;
    at = block.writeDoubleLE(place % rowColumns === rowColumn.end ? number - start : number, at);
  }
  for (const id of ids) {
    at = block.writeUInt32LE(id.length, at);
    at += id.copy(block, at);
  }
  block.set(rows.bytes.subarray(start, end), at);
  return block;
}

/** Offset of the newest decision of a lane's blocks; -1 for none. */
export function newestOffset(lane: number, blocks: Database<Buffer, number> | undefined): number {
  for (const { value } of blocks?.getRange({ reverse: true, limit: 1 }) ?? []) {
    const block = new DecisionBlock(lane, value);
    return block.offset(block.count - 1);
  }
  return -1;
}

/** What a search looks at before it opens a block. */
export class DecisionMarks {
  constructor(private readonly bytes: Buffer) { expectFormat(bytes); }

  /** False when no row has the mark. */
  mayHold(mark: number): boolean {
    let low = 0, high = this.bytes.readUInt32LE(8) - 1;
    while (low <= high) {
      const middle = (low + high) >> 1, found = this.bytes.readUInt32LE(marksHeadBytes + middle * 4);
      if (found === mark) return true;
      if (found < mark) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  /** False when no row's event time is in the range. */
  mayBeWithin(fromMs: number, toMs: number): boolean {
    return this.bytes.readDoubleLE(20) >= fromMs && this.bytes.readDoubleLE(12) < toMs;
  }
}

/** The rows of a block. */
export class DecisionBlock {
  readonly count: number;
  readonly #bytes: Buffer;
  #layouts: readonly string[] | undefined;

  /** `layoutOf`: gives a layout's JSON text, for rows that are handed on packed. @throws WeirError WEIR_STORE_FAILED for another format. */
  constructor(private readonly lane: number, private readonly block: Buffer, private readonly unpack?: Unpack, private readonly layoutOf?: (layoutId: string) => string) {
    expectFormat(block);
    this.count = block.readUInt32LE(4);
    this.#bytes = block.subarray(block.readUInt32LE(12));
  }

  offset(row: number): number { return this.#number(row, rowColumn.offset); }

  /** The row of an offset, from 0; -1 when it is not here. */
  find(offset: number): number {
    let low = 0, high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1, found = this.offset(middle);
      if (found === offset) return middle;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  transactionId(row: number): string { return new TextReader(this.#bytes, this.#start(row) + this.#number(row, rowColumn.record)).text(); }

  row(row: number): DecisionRow {
    const { lane, unpack, layoutOf } = this, layoutId = this.#layoutId(this.#number(row, rowColumn.layout));
    if (layoutId !== undefined && unpack === undefined) throw new WeirError('WEIR_STORE_FAILED', `decision ${this.offset(row)} of lane ${lane} is packed, and nothing is here to unpack it`);
    const reading = layoutId === undefined || unpack === undefined ? undefined : { layoutId, layout: layoutOf && (() => layoutOf(layoutId)), text: (record: Uint8Array) => unpack(layoutId, record) };
    return rowOf(lane, { numberAt: (column) => this.#number(row, column), bytes: this.#bytes, start: this.#start(row) }, reading);
  }

  #number(row: number, column: number): number { return this.block.readDoubleLE(rowsHeadBytes + (row * rowColumns + column) * 8); }

  #start(row: number): number { return row === 0 ? 0 : this.#number(row - 1, rowColumn.end); }

  #layoutId(index: number): string | undefined {
    if (this.#layouts === undefined) {
      const reader = new TextReader(this.block, rowsHeadBytes + this.count * rowColumns * 8);
      this.#layouts = Array.from({ length: this.block.readUInt32LE(8) }, () => reader.text());
    }
    return this.#layouts[index];
  }
}

function expectFormat(bytes: Buffer): void {
  const format = bytes.readUInt32LE(0);
  if (format !== formatVersion) throw new WeirError('WEIR_STORE_FAILED', `decisions of format ${format}, ${formatVersion} expected`);
}
