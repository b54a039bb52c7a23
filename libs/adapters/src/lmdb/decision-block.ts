import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { DecisionRow } from '@weir/ports';
import { WeirError, decisionId } from '@weir/contracts';
import { hashText } from './text-hash';

/**
 * Decisions written together are two values, little-endian. What a search looks at: format, rows, marks (u32 each), lowest and highest event time (f64 each), the marks
 * (u32, ascending: hashes of what the rows can be found by). And the rows: format, rows (u32 each), the directory (per row: offset − first offset, start, length of the index
 * part, length of the JSON; u32 each), then all rows as one zstd frame, for they are alike.
 */
const formatVersion = 1;
const marksHeadBytes = 28;
const rowsHeadBytes = 8;
const directoryBytes = 16;
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** What rows are found by, each kind with its own letter. */
export const entityMark = (entity: string): number => hashText(`e${entity}`);
export const ruleMark = (rule: string): number => hashText(`r${rule}`);
export const outcomeMark = (outcome: string): number => hashText(`o${outcome}`);
export const alertMark = (alert: boolean): number => hashText(alert ? 'a1' : 'a0');

type Index = readonly [transactionId: string, source: string, eventTimeMs: number, receivedAtMs: number, outcome: DecisionRow['outcome'], score: number, decidedBy: string, alert: boolean, rules: readonly string[], entities: readonly string[]];

export function encodeMarks(rows: readonly DecisionRow[]): Buffer {
  const marks = new Set<number>();
  let lowestMs = Infinity, highestMs = -Infinity;
  for (const row of rows) {
    for (const entity of row.entities) marks.add(entityMark(entity));
    for (const rule of row.rules) marks.add(ruleMark(rule));
    marks.add(outcomeMark(row.outcome)).add(alertMark(row.alert));
    lowestMs = Math.min(lowestMs, row.eventTimeMs);
    highestMs = Math.max(highestMs, row.eventTimeMs);
  }
  const bytes = Buffer.allocUnsafe(marksHeadBytes + marks.size * 4);
  let at = bytes.writeUInt32LE(marks.size, bytes.writeUInt32LE(rows.length, bytes.writeUInt32LE(formatVersion, 0)));
  at = bytes.writeDoubleLE(highestMs, bytes.writeDoubleLE(lowestMs, at));
  for (const mark of Uint32Array.from(marks).sort()) at = bytes.writeUInt32LE(mark, at);
  return bytes;
}

export function encodeDecisions(rows: readonly DecisionRow[]): Buffer {
  const head = Buffer.allocUnsafe(rowsHeadBytes + rows.length * directoryBytes), parts: Buffer[] = [], first = rows[0]?.offset ?? 0;
  let at = head.writeUInt32LE(rows.length, head.writeUInt32LE(formatVersion, 0)), start = 0;
  for (const row of rows) {
    const fields: Index = [row.transactionId, row.source, row.eventTimeMs, row.receivedAtMs, row.outcome, row.score, row.decidedBy, row.alert, row.rules, row.entities];
    const index = Buffer.from(JSON.stringify(fields), 'utf8'), json = Buffer.from(row.json, 'utf8');
    at = head.writeUInt32LE(json.length, head.writeUInt32LE(index.length, head.writeUInt32LE(start, head.writeUInt32LE(row.offset - first, at))));
    parts.push(index, json);
    start += index.length + json.length;
  }
  return Buffer.concat([head, zstdCompressSync(Buffer.concat(parts), compression)]);
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

/** The rows of a block; they are unpacked when the first one is asked for. */
export class DecisionBlock {
  readonly count: number;
  #rows: Buffer | undefined;

  /** @throws WeirError WEIR_STORE_FAILED for another format. */
  constructor(private readonly lane: number, private readonly firstOffset: number, private readonly bytes: Buffer) {
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
    const entry = this.#entry(row), offset = this.offset(row);
    const jsonAt = this.bytes.readUInt32LE(entry + 4) + this.bytes.readUInt32LE(entry + 8), unpacked = this.#unpacked();
    const [transactionId, source, eventTimeMs, receivedAtMs, outcome, score, decidedBy, alert, rules, entities] = this.#index(row);
    const json = unpacked.toString('utf8', jsonAt, jsonAt + this.bytes.readUInt32LE(entry + 12));
    return { lane: this.lane, offset, id: decisionId({ lane: this.lane, offset }), transactionId, source, eventTimeMs, receivedAtMs, outcome, score, decidedBy, alert, rules, entities, json };
  }

  #entry(row: number): number { return rowsHeadBytes + row * directoryBytes; }

  #unpacked(): Buffer { return (this.#rows ??= zstdDecompressSync(this.bytes.subarray(rowsHeadBytes + this.count * directoryBytes))); }

  #index(row: number): Index {
    const entry = this.#entry(row), start = this.bytes.readUInt32LE(entry + 4);
    return JSON.parse(this.#unpacked().toString('utf8', start, start + this.bytes.readUInt32LE(entry + 8))) as Index; // written by encodeDecisions alone
  }
}

function expectFormat(bytes: Buffer): void {
  if (bytes.readUInt32LE(0) !== formatVersion) throw new WeirError('WEIR_STORE_FAILED', `decisions of format ${bytes.readUInt32LE(0)}, ${formatVersion} expected`);
}
