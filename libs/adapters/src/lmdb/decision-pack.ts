import type { Outcome } from '@weir/contracts';
import { decisionId } from '@weir/contracts';
import type { DecisionRow, TakenDecisions } from '@weir/ports';

/**
 * Decisions of one lane as two arrays: numbers side by side, and the bytes they speak of. So they go to another thread, where both are handed over and not
 * copied, and so, in stretches, they lie in the store.
 */
export interface PackedRows {
  readonly count: number;
  /** Per row `rowColumns` numbers. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Per row: its record, then its texts (length in bytes, u32, then UTF-8): transaction, source, decided by, rules and entities (how many, u32, then each). */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Layouts by the number that rows name them by. */
  readonly layoutIds: readonly string[];
  readonly layouts: readonly string[];
}

export const outcomesByCode: readonly Outcome[] = ['approve', 'review', 'block'];
export const rowColumns = 9;
/** `layout`: −1 for a record that is JSON text. `record`: its length. `end`: where the row ends in the bytes. */
export const rowColumn = Object.freeze({ offset: 0, eventTimeMs: 1, receivedAtMs: 2, score: 3, outcome: 4, alert: 5, layout: 6, record: 7, end: 8 });
const noLayout = -1;
const firstBytes = 1 << 16;

/** Packs rows, in order. What `packed` of a row gives is copied before the next row is asked. */
export class RowPacker {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #at = 0;
  /** What a batch took the last time: the next one takes about as much. */
  #lastBytes = firstBytes;

  /** `unpackable`: what comes packed stays so. */
  pack(rows: readonly DecisionRow[], unpackable = true): PackedRows {
    this.#bytes = Buffer.allocUnsafeSlow(this.#lastBytes);
    this.#at = 0;
    const numbers = new Float64Array(rows.length * rowColumns), layoutIds: string[] = [], layouts: string[] = [];
    rows.forEach((row, index) => {
      const at = index * rowColumns, packed = unpackable ? row.packed : undefined;
      let layout = noLayout;
      if (packed !== undefined) {
        layout = layoutIds.indexOf(packed.layoutId);
        if (layout < 0) layout = layoutIds.push(packed.layoutId) - 1;
        layouts[layout] ??= packed.layout();
      }
      numbers[at + rowColumn.offset] = row.offset;
      numbers[at + rowColumn.eventTimeMs] = row.eventTimeMs;
      numbers[at + rowColumn.receivedAtMs] = row.receivedAtMs;
      numbers[at + rowColumn.score] = row.score;
      numbers[at + rowColumn.outcome] = outcomesByCode.indexOf(row.outcome);
      numbers[at + rowColumn.alert] = row.alert ? 1 : 0;
      numbers[at + rowColumn.layout] = layout;
      // The record first: a text may be made by a codec that writes over what it gave before.
      const record = packed?.bytes;
      const start = this.#at;
      if (record === undefined) this.#utf8(row.json);
      else this.#raw(record);
      numbers[at + rowColumn.record] = this.#at - start;
      this.#text(row.transactionId);
      this.#text(row.source);
      this.#text(row.decidedBy);
      this.#texts(row.rules);
      this.#texts(row.entities);
      numbers[at + rowColumn.end] = this.#at;
    });
    this.#lastBytes = Math.max(firstBytes, this.#at + (this.#at >> 3));
    const { buffer } = this.#bytes;
    return { count: rows.length, numbers, bytes: new Uint8Array(buffer, 0, this.#at), layoutIds, layouts };
  }

  #texts(texts: readonly string[]): void {
    this.#room(4);
    this.#at = this.#bytes.writeUInt32LE(texts.length, this.#at);
    for (const text of texts) this.#text(text);
  }

  /** Length in bytes, then UTF-8. Most texts are short and ASCII: those are written without a call out of the engine. */
  #text(text: string): void {
    const { length } = text;
    this.#room(4 + length * 3);
    const bytes = this.#bytes, start = this.#at + 4;
    let at = start;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) { at = start + bytes.write(text, start, 'utf8'); break; }
      bytes[at++] = code;
    }
    bytes.writeUInt32LE(at - start, start - 4);
    this.#at = at;
  }

  #utf8(text: string): void {
    this.#room(text.length * 3);
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  #raw(source: Uint8Array): void {
    this.#room(source.length);
    this.#bytes.set(source, this.#at);
    this.#at += source.length;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

/** What a store took: packed rows, which go to another thread and come back from it when they could not be written. */
export class TakenRows implements TakenDecisions {
  readonly count: number;
  constructor(public rows: PackedRows) { this.count = rows.count; }
}

/** @throws TypeError for what another store took. */
export function takenRows(taken: TakenDecisions): TakenRows {
  if (!(taken instanceof TakenRows)) throw new TypeError('these decisions were taken by another store');
  return taken;
}

/** What may be handed to another thread rather than copied. */
export const buffersOfRows = (rows: PackedRows): ArrayBuffer[] => [rows.numbers.buffer, rows.bytes.buffer];

/** Where a row begins in the bytes. */
export const rowStart = ({ numbers }: PackedRows, row: number): number => (row === 0 ? 0 : numbers[(row - 1) * rowColumns + rowColumn.end] ?? 0);

/** The rows again. `unpack` makes the JSON text of a packed record when it is asked for. */
export function unpackRows(lane: number, packed: PackedRows, unpack: (layoutJson: string, bytes: Uint8Array) => string): DecisionRow[] {
  const { numbers, layoutIds, layouts } = packed, bytes = Buffer.from(packed.bytes.buffer, packed.bytes.byteOffset, packed.bytes.byteLength);
  return Array.from({ length: packed.count }, (_, index) => {
    const layout = numbers[index * rowColumns + rowColumn.layout] ?? noLayout, layoutId = layoutIds[layout], layoutJson = layouts[layout] ?? '';
    return rowOf(lane, { numberAt: (column) => numbers[index * rowColumns + column] ?? 0, bytes, start: rowStart(packed, index) }, layoutId === undefined ? undefined : { layoutId, layout: () => layoutJson, text: (record) => unpack(layoutJson, record) });
  });
}

interface PackedRow { readonly numberAt: (column: number) => number; readonly bytes: Buffer; readonly start: number }
/** How to read a packed record; `layout` where it may be handed on packed. */
export interface RecordReading { readonly layoutId: string; readonly layout: (() => string) | undefined; readonly text: (record: Uint8Array) => string }

/** A row; `reading` undefined: its record is JSON text. */
export function rowOf(lane: number, { numberAt, bytes, start }: PackedRow, reading: RecordReading | undefined): DecisionRow {
  const offset = numberAt(rowColumn.offset), recordEnd = start + numberAt(rowColumn.record), record = bytes.subarray(start, recordEnd), reader = new TextReader(bytes, recordEnd);
  const transactionId = reader.text(), source = reader.text(), decidedBy = reader.text(), rules = reader.texts(), entities = reader.texts();
  const row = {
    lane, offset, id: decisionId({ lane, offset }), transactionId, source, eventTimeMs: numberAt(rowColumn.eventTimeMs), receivedAtMs: numberAt(rowColumn.receivedAtMs),
    outcome: outcomesByCode[numberAt(rowColumn.outcome)] ?? 'review', score: numberAt(rowColumn.score), decidedBy, alert: numberAt(rowColumn.alert) === 1, rules, entities,
  };
  if (reading === undefined) return { ...row, json: record.toString('utf8') };
  const { layoutId, layout, text } = reading;
  let json: string | undefined;
  return { ...row, packed: layout && { layoutId, layout, bytes: record }, get json() { return (json ??= text(record)); } };
}

/** Reads the texts of a row, one after the other. */
export class TextReader {
  constructor(private readonly bytes: Buffer, private at: number) {}

  /** Where the next text's bytes are; goes on behind it. */
  next(): { readonly from: number; readonly to: number } {
    const from = this.at + 4;
    this.at = from + this.bytes.readUInt32LE(this.at);
    return { from, to: this.at };
  }

  text(): string {
    const { from, to } = this.next();
    return this.bytes.toString('utf8', from, to);
  }

  count(): number {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  texts(): string[] { return Array.from({ length: this.count() }, () => this.text()); }
}
