import type { Outcome } from '@weir/contracts';
import { decisionId } from '@weir/contracts';
import type { DecisionRow } from '@weir/ports';

/** Decisions of one lane on their way to another thread: numbers side by side, and the bytes they speak of. Both buffers are handed over, not copied. */
export interface PackedRows {
  readonly count: number;
  /** Per row `columns` numbers. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Per row: its texts, then its record. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Layouts by the number that rows name them by. */
  readonly layoutIds: readonly string[];
  readonly layouts: readonly string[];
}

const outcomes: readonly Outcome[] = ['approve', 'review', 'block'];
const columns = 9;
const column = Object.freeze({ offset: 0, eventTimeMs: 1, receivedAtMs: 2, score: 3, outcome: 4, alert: 5, layout: 6, record: 7, end: 8 });
const noLayout = -1;
const firstBytes = 1 << 16;

/** Packs rows, in order. What `packed` of a row gives is copied before the next row is asked. */
export class RowPacker {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #at = 0;
  /** What a batch took the last time: the next one takes about as much. */
  #lastBytes = firstBytes;

  pack(rows: readonly DecisionRow[]): PackedRows {
    this.#bytes = Buffer.allocUnsafeSlow(this.#lastBytes);
    this.#at = 0;
    const numbers = new Float64Array(rows.length * columns), layoutIds: string[] = [], layouts: string[] = [];
    rows.forEach((row, index) => {
      const at = index * columns, { packed } = row;
      let layout = noLayout;
      if (packed !== undefined) {
        layout = layoutIds.indexOf(packed.layoutId);
        if (layout < 0) layout = layoutIds.push(packed.layoutId) - 1;
        layouts[layout] ??= packed.layout();
      }
      numbers[at + column.offset] = row.offset;
      numbers[at + column.eventTimeMs] = row.eventTimeMs;
      numbers[at + column.receivedAtMs] = row.receivedAtMs;
      numbers[at + column.score] = row.score;
      numbers[at + column.outcome] = outcomes.indexOf(row.outcome);
      numbers[at + column.alert] = row.alert ? 1 : 0;
      numbers[at + column.layout] = layout;
      // The record first: a text may be made by a codec that writes over what it gave before.
      const record = packed?.bytes;
      const start = this.#at;
      if (record === undefined) this.#utf8(row.json);
      else this.#raw(record);
      numbers[at + column.record] = this.#at - start;
      this.#text(row.transactionId);
      this.#text(row.source);
      this.#text(row.decidedBy);
      this.#texts(row.rules);
      this.#texts(row.entities);
      numbers[at + column.end] = this.#at;
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

/** What may be handed to another thread rather than copied. */
export const buffersOfRows = (rows: PackedRows): ArrayBuffer[] => [rows.numbers.buffer, rows.bytes.buffer];

/** The rows again. `unpack` makes the JSON text of a packed record when it is asked for. */
export function unpackRows(lane: number, packed: PackedRows, unpack: (layoutJson: string, bytes: Uint8Array) => string): DecisionRow[] {
  const { numbers, layoutIds, layouts } = packed, bytes = Buffer.from(packed.bytes.buffer, packed.bytes.byteOffset, packed.bytes.byteLength);
  let start = 0;
  return Array.from({ length: packed.count }, (_, index): DecisionRow => {
    const number = (which: keyof typeof column): number => numbers[index * columns + column[which]] ?? 0;
    const reader = new TextReader(bytes, start + number('record')), record = bytes.subarray(start, start + number('record')), offset = number('offset');
    start = number('end');
    const transactionId = reader.text(), source = reader.text(), decidedBy = reader.text(), rules = reader.texts(), entities = reader.texts();
    const row = {
      lane, offset, id: decisionId({ lane, offset }), transactionId, source, eventTimeMs: number('eventTimeMs'), receivedAtMs: number('receivedAtMs'),
      outcome: outcomes[number('outcome')] ?? 'review', score: number('score'), decidedBy, alert: number('alert') === 1, rules, entities,
    };
    const layoutId = layoutIds[number('layout')], layout = layouts[number('layout')];
    if (layoutId === undefined || layout === undefined) return { ...row, json: record.toString('utf8') };
    let json: string | undefined;
    return { ...row, packed: { layoutId, layout: () => layout, bytes: record }, get json() { return (json ??= unpack(layout, record)); } };
  });
}

class TextReader {
  constructor(private readonly bytes: Buffer, private at: number) {}

  text(): string {
    const length = this.bytes.readUInt32LE(this.at), from = this.at + 4;
    this.at = from + length;
    return this.bytes.toString('utf8', from, this.at);
  }

  texts(): string[] {
    const count = this.bytes.readUInt32LE(this.at);
    this.at += 4;
    return Array.from({ length: count }, () => this.text());
  }
}
