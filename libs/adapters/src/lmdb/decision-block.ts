import type { DecisionRow } from '@weir/ports';
import { WeirError, decisionId } from '@weir/contracts';
import { hashText } from './text-hash';

/**
 * Decisions written together are two values, little-endian. What a search looks at: format, rows, marks (u32 each), lowest and highest event time (f64 each), the marks
 * (u32, ascending: hashes of what the rows can be found by). And the rows: format, rows (u32 each), the directory (per row: offset − first offset, start, length of the index
 * part, length of the record; u32 each), then all rows. They are not compressed: a compressor per block costs more than the disk, and counts hundreds of KB against the garbage collector. A record is JSON text or, where its index names a layout, packed.
 */
const formatVersion = 1;
const marksHeadBytes = 28;
const rowsHeadBytes = 8;
const directoryBytes = 16;

/** JSON text of a packed record. */
export type Unpack = (layoutId: string, bytes: Uint8Array) => string;

/** What rows are found by, each kind with its own letter. */
export const entityMark = (entity: string): number => hashText(entity, entityLetter);
const entityLetter = 'e'.charCodeAt(0);
export const ruleMark = (rule: string): number => hashText(`r${rule}`);
export const outcomeMark = (outcome: string): number => hashText(`o${outcome}`);
export const alertMark = (alert: boolean): number => hashText(alert ? 'a1' : 'a0');

type Index = readonly [transactionId: string, source: string, eventTimeMs: number, receivedAtMs: number, outcome: DecisionRow['outcome'], score: number, decidedBy: string, alert: boolean, rules: readonly string[], entities: readonly string[], layoutId?: string];

export function encodeMarks(rows: readonly DecisionRow[]): Buffer {
  const marks = new Set<number>(), rules = new Set<string>(), outcomes = new Set<string>(), alerts = new Set<boolean>();
  let lowestMs = Infinity, highestMs = -Infinity;
  for (const row of rows) {
    for (const entity of row.entities) marks.add(entityMark(entity));
    for (const rule of row.rules) rules.add(rule);
    outcomes.add(row.outcome);
    alerts.add(row.alert);
    if (row.eventTimeMs < lowestMs) lowestMs = row.eventTimeMs;
    if (row.eventTimeMs > highestMs) highestMs = row.eventTimeMs;
  }
  for (const rule of rules) marks.add(ruleMark(rule));
  for (const outcome of outcomes) marks.add(outcomeMark(outcome));
  for (const alert of alerts) marks.add(alertMark(alert));
  const bytes = Buffer.allocUnsafe(marksHeadBytes + marks.size * 4);
  let at = bytes.writeUInt32LE(marks.size, bytes.writeUInt32LE(rows.length, bytes.writeUInt32LE(formatVersion, 0)));
  at = bytes.writeDoubleLE(highestMs, bytes.writeDoubleLE(lowestMs, at));
  for (const mark of Uint32Array.from(marks).sort()) at = bytes.writeUInt32LE(mark, at);
  return bytes;
}

/** Rows side by side in memory that is used again; copied out once a block. */
class RowsBuffer {
  private bytes = Buffer.allocUnsafeSlow(1 << 17);
  length = 0;

  text(text: string): number {
    this.reserve(text.length * 3);
    const written = this.bytes.write(text, this.length, 'utf8');
    this.length += written;
    return written;
  }

  raw(source: Uint8Array): number {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
    return source.length;
  }

  taken(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.length);
    this.bytes.copy(copy, 0, 0, this.length);
    this.length = 0;
    return copy;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
const rowsBuffer = new RowsBuffer();

/** The rows of a block. `unpackable`: packed records are kept packed. */
export function encodeDecisions(rows: readonly DecisionRow[], unpackable: boolean): Buffer {
  const head = Buffer.allocUnsafe(rowsHeadBytes + rows.length * directoryBytes), first = rows[0]?.offset ?? 0;
  rowsBuffer.length = 0;
  let at = head.writeUInt32LE(rows.length, head.writeUInt32LE(formatVersion, 0));
  for (const row of rows) {
    const start = rowsBuffer.length, packed = unpackable ? row.packed : undefined;
    const fields: Index = [row.transactionId, row.source, row.eventTimeMs, row.receivedAtMs, row.outcome, row.score, row.decidedBy, row.alert, row.rules, row.entities];
    const indexLength = rowsBuffer.text(JSON.stringify(packed === undefined ? fields : [...fields, packed.layoutId]));
    const recordLength = packed === undefined ? rowsBuffer.text(row.json) : rowsBuffer.raw(packed.bytes);
    at = head.writeUInt32LE(recordLength, head.writeUInt32LE(indexLength, head.writeUInt32LE(start, head.writeUInt32LE(row.offset - first, at))));
  }
  return Buffer.concat([head, rowsBuffer.taken()]);
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
  #rows: Buffer | undefined;

  /** @throws WeirError WEIR_STORE_FAILED for another format. */
  constructor(private readonly lane: number, private readonly firstOffset: number, private readonly bytes: Buffer, private readonly unpack?: Unpack, private readonly layoutOf?: (layoutId: string) => string) {
    expectFormat(bytes);
    this.count = bytes.readUInt32LE(4);
  }

  offset(row: number): number { return this.firstOffset + this.bytes.readUInt32LE(this.#entry(row)); }

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

  transactionId(row: number): string { return this.#index(row)[0]; }

  row(row: number): DecisionRow {
    const entry = this.#entry(row), offset = this.offset(row), { lane, unpack } = this;
    const recordAt = this.bytes.readUInt32LE(entry + 4) + this.bytes.readUInt32LE(entry + 8), unpacked = this.#unpacked(), recordEnd = recordAt + this.bytes.readUInt32LE(entry + 12);
    const [transactionId, source, eventTimeMs, receivedAtMs, outcome, score, decidedBy, alert, rules, entities, layoutId] = this.#index(row);
    const found = { lane, offset, id: decisionId({ lane, offset }), transactionId, source, eventTimeMs, receivedAtMs, outcome, score, decidedBy, alert, rules, entities };
    if (layoutId === undefined) return { ...found, json: unpacked.toString('utf8', recordAt, recordEnd) };
    if (unpack === undefined) throw new WeirError('WEIR_STORE_FAILED', `decision ${found.id} is packed, and nothing is here to unpack it`);
    const { layoutOf } = this, bytes = unpacked.subarray(recordAt, recordEnd);
    const packed = layoutOf && { layoutId, layout: () => layoutOf(layoutId), bytes };
    let json: string | undefined;
    return { ...found, packed, get json() { return (json ??= unpack(layoutId, bytes)); } };
  }

  #entry(row: number): number { return rowsHeadBytes + row * directoryBytes; }

  #unpacked(): Buffer { return (this.#rows ??= this.bytes.subarray(rowsHeadBytes + this.count * directoryBytes)); }

  #index(row: number): Index {
    const entry = this.#entry(row), start = this.bytes.readUInt32LE(entry + 4);
    return JSON.parse(this.#unpacked().toString('utf8', start, start + this.bytes.readUInt32LE(entry + 8))) as Index; // written by encodeDecisions alone
  }
}

function expectFormat(bytes: Buffer): void {
  const format = bytes.readUInt32LE(0);
  if (format !== formatVersion) throw new WeirError('WEIR_STORE_FAILED', `decisions of format ${format}, ${formatVersion} expected`);
}
