import type { DecisionRow } from '@weir/ports';
import { WeirError, decisionId } from '@weir/contracts';
import { hashText } from './text-hash';

/**
 * Decisions written together are one value, so that a search can pass over all of them at a glance.
 * Layout, little-endian: format (u8), three bytes free, rows (u32), marks (u32), lowest and highest event time (f64 each), the marks (u32, ascending: hashes of what
 * the rows can be found by), the directory (per row: offset − first offset, start, length of the index part, length of the JSON; u32 each), the rows.
 */
const formatVersion = 1;
const headBytes = 28;
const directoryBytes = 16;

/** What rows are found by, each kind with its own letter. */
export const entityMark = (entity: string): number => hashText(`e${entity}`);
export const ruleMark = (rule: string): number => hashText(`r${rule}`);
export const outcomeMark = (outcome: string): number => hashText(`o${outcome}`);
export const alertMark = (alert: boolean): number => hashText(alert ? 'a1' : 'a0');

type Index = readonly [transactionId: string, source: string, eventTimeMs: number, receivedAtMs: number, outcome: DecisionRow['outcome'], score: number, decidedBy: string, alert: boolean, rules: readonly string[], entities: readonly string[]];

export function encodeDecisions(rows: readonly DecisionRow[]): Buffer {
  const marks = new Set<number>();
  let lowestMs = Infinity, highestMs = -Infinity;
  const parts = rows.map((row) => {
    for (const entity of row.entities) marks.add(entityMark(entity));
    for (const rule of row.rules) marks.add(ruleMark(rule));
    marks.add(outcomeMark(row.outcome)).add(alertMark(row.alert));
    lowestMs = Math.min(lowestMs, row.eventTimeMs);
    highestMs = Math.max(highestMs, row.eventTimeMs);
    const index: Index = [row.transactionId, row.source, row.eventTimeMs, row.receivedAtMs, row.outcome, row.score, row.decidedBy, row.alert, row.rules, row.entities];
    return { offset: row.offset, index: Buffer.from(JSON.stringify(index), 'utf8'), json: Buffer.from(row.json, 'utf8') };
  });
  const bodyAt = headBytes + marks.size * 4 + parts.length * directoryBytes;
  const block = Buffer.allocUnsafe(parts.reduce((sum, { index, json }) => sum + index.length + json.length, bodyAt));
  block.writeUInt32LE(formatVersion, 0);
  block.writeUInt32LE(parts.length, 4);
  block.writeUInt32LE(marks.size, 8);
  block.writeDoubleLE(lowestMs, 12);
  block.writeDoubleLE(highestMs, 20);
  let at = headBytes;
  for (const mark of [...marks].sort((left, right) => left - right)) at = block.writeUInt32LE(mark, at);
  const first = parts[0]?.offset ?? 0;
  let start = bodyAt;
  for (const { offset, index, json } of parts) {
    at = block.writeUInt32LE(json.length, block.writeUInt32LE(index.length, block.writeUInt32LE(start, block.writeUInt32LE(offset - first, at))));
    start += index.copy(block, start);
    start += json.copy(block, start);
  }
  return block;
}

/** A block as it lies in the store; nothing is decoded before it is asked for. */
export class DecisionBlock {
  readonly count: number;
  readonly #marks: number;

  /** @throws WeirError WEIR_STORE_FAILED for another format. */
  constructor(private readonly lane: number, private readonly firstOffset: number, private readonly bytes: Buffer) {
    if (bytes[0] !== formatVersion) throw new WeirError('WEIR_STORE_FAILED', `decisions of format ${bytes[0]}, ${formatVersion} expected`);
    this.count = bytes.readUInt32LE(4);
    this.#marks = bytes.readUInt32LE(8);
  }

  /** False when no row has the mark. */
  mayHold(mark: number): boolean {
    let low = 0, high = this.#marks - 1;
    while (low <= high) {
      const middle = (low + high) >> 1, found = this.bytes.readUInt32LE(headBytes + middle * 4);
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
    const jsonAt = this.bytes.readUInt32LE(entry + 4) + this.bytes.readUInt32LE(entry + 8);
    const [transactionId, source, eventTimeMs, receivedAtMs, outcome, score, decidedBy, alert, rules, entities] = this.#index(row);
    const json = this.bytes.toString('utf8', jsonAt, jsonAt + this.bytes.readUInt32LE(entry + 12));
    return { lane: this.lane, offset, id: decisionId({ lane: this.lane, offset }), transactionId, source, eventTimeMs, receivedAtMs, outcome, score, decidedBy, alert, rules, entities, json };
  }

  #entry(row: number): number { return headBytes + this.#marks * 4 + row * directoryBytes; }

  #index(row: number): Index {
    const entry = this.#entry(row), start = this.bytes.readUInt32LE(entry + 4);
    return JSON.parse(this.bytes.toString('utf8', start, start + this.bytes.readUInt32LE(entry + 8))) as Index; // written by encodeDecisions alone
  }
}
