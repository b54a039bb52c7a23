import { DuckDBBlobValue, type DuckDBValue } from '@duckdb/node-api';
import { decisionId, WeirError, type Outcome } from '@weir/contracts';
import type { DecisionRow, HistoryOutcome, HistoryRecord } from '@weir/ports';
import type { ColumnChunk, ParquetColumn, ParquetValue } from './column-chunk';

/** A record and, where it has one, its decision: one row of a file, so that both become durable at once. */
export interface HistoryRow { readonly record: HistoryRecord; readonly decision: DecisionRow | undefined }

/** What packed decisions need; without it their text is stored. */
export interface DecisionUnpacking {
  /** JSON text of a packed decision, by the JSON text of its layout. */
  readonly unpack: (layoutJson: string, bytes: Uint8Array) => string;
  /** The numbers of its vector in the layout's order, NaN where null. */
  readonly vectorOf: (layoutJson: string, bytes: Uint8Array) => Float64Array;
}

type Value = ParquetValue | readonly string[] | Float64Array;
interface Column extends ParquetColumn {
  readonly of: (row: HistoryRow, unpacking: DecisionUnpacking | undefined) => Value;
  /** What is read back, from the column of the file; absent: it is there for queries only. */
  readonly read?: string;
}

const text = (name: string, of: (row: HistoryRow) => string | null, repeats = false): Column => ({ name, type: 'text', repeats, of, read: name });
const texts = (name: string, of: (row: HistoryRow) => readonly string[] | null): Column => ({ name, type: 'text', list: true, of, read: `array_to_string(${name}, chr(31))` });
const time = (name: string, of: (row: HistoryRow) => number | null): Column => ({ name, type: 'time', of, read: `epoch_ms(${name})::DOUBLE` });
const integer = (name: string, of: (row: HistoryRow) => number): Column => ({ name, type: 'integer', of, read: `${name}::DOUBLE` });
const separator = '\u001f';

/** Columns of a record; names and types are a promise, for everybody's queries. */
const recordColumns: readonly Column[] = [
  integer('lane', ({ record }) => record.lane), integer('record_offset', ({ record }) => record.offset), time('appended_at', ({ record }) => record.appendedAtMs),
  text('record_key', ({ record }) => record.key), text('headers', ({ record }) => headersText(record.headers), true), { name: 'record_value', type: 'bytes', of: ({ record }) => record.value, read: 'record_value' },
  text('outcome', ({ record }) => record.outcome, true), text('kind', ({ record }) => record.kind, true), text('source', ({ record }) => record.source, true), text('id', ({ record }) => record.id),
  time('event_time', ({ record }) => record.eventTimeMs), time('received_at', ({ record }) => record.receivedAtMs),
  text('reason', ({ record }) => record.reason, true), text('field', ({ record }) => record.field, true), texts('entities', ({ record }) => record.entities),
];
/** Columns of its decision: null where there is none. */
const decisionColumns: readonly Column[] = [
  text('decision_outcome', ({ decision }) => decision?.outcome ?? null, true), { name: 'decision_score', type: 'number', of: ({ decision }) => decision?.score ?? null, read: 'decision_score' },
  text('decided_by', ({ decision }) => decision?.decidedBy ?? null, true), { name: 'alert', type: 'boolean', of: ({ decision }) => decision?.alert ?? null, read: 'alert' },
  texts('rules', ({ decision }) => decision?.rules ?? null),
  { name: 'decision_layout', type: 'text', repeats: true, of: ({ decision }, unpacking) => (unpacking === undefined ? null : (decision?.packed?.layoutId ?? null)), read: 'decision_layout' },
  { name: 'vector', type: 'number', list: true, of: ({ decision }, unpacking) => (unpacking === undefined || decision?.packed === undefined ? null : unpacking.vectorOf(decision.packed.layout(), decision.packed.bytes)) },
  { name: 'decision_packed', type: 'bytes', of: ({ decision }, unpacking) => (unpacking === undefined ? null : (decision?.packed?.bytes ?? null)), read: 'decision_packed' },
  { name: 'decision', type: 'text', of: ({ decision }, unpacking) => (unpacking !== undefined && decision?.packed !== undefined ? null : (decision?.json ?? null)), read: 'decision' },
];
export const historyColumns: readonly Column[] = [...recordColumns, ...decisionColumns];

const readOf = (columns: readonly Column[]): string => columns.flatMap(({ name, read }) => (read === undefined ? [] : [`${read} AS ${name}`])).join(', ');
export const readRecordColumns = readOf(recordColumns), readColumns = readOf(historyColumns);

/** Puts a row into the chunks of a row group, which are in the order of `historyColumns`. */
export function addRow(chunks: readonly ColumnChunk[], row: HistoryRow, unpacking: DecisionUnpacking | undefined): void {
  for (let index = 0; index < historyColumns.length; index++) {
    const column = historyColumns[index] as Column, chunk = chunks[index] as ColumnChunk, value = column.of(row, unpacking);
    if (column.list === true) chunk.addList(value as readonly string[] | Float64Array | null); // what the column's `of` gives
    else chunk.add(value as ParquetValue);
  }
}

/** The same few header sets come again and again. */
const headersMax = 1_024;
let lastHeaders: object | undefined, lastHeadersText = '';
const headersByText = new Map<string, Readonly<Record<string, string>>>();

function headersText(headers: HistoryRecord['headers']): string {
  if (headers !== lastHeaders) {
    lastHeaders = headers;
    lastHeadersText = JSON.stringify(headers);
  }
  return lastHeadersText;
}

function headersOf(text: string): Readonly<Record<string, string>> {
  let known = headersByText.get(text);
  if (known !== undefined) return known;
  known = Object.freeze(JSON.parse(text) as Record<string, string>); // written by headersText alone
  if (headersByText.size >= headersMax) headersByText.clear();
  headersByText.set(text, known);
  return known;
}

/** A row read back; `columns` as `readColumns` gives them, or the first of them as `readRecordColumns` does. `layout`: JSON text by id. */
export function readRow(columns: ReadonlyArray<readonly DuckDBValue[]>, at: number, layout: (id: string) => string, unpacking: DecisionUnpacking | undefined): HistoryRow {
  const value = (column: number): DuckDBValue => columns[column]?.[at] ?? null;
  const string = (column: number): string | null => { const found = value(column); return typeof found === 'string' ? found : null; };
  const number = (column: number): number => Number(value(column));
  const strings = (column: number): string[] => { const found = string(column); return found === null || found === '' ? [] : found.split(separator); };
  const bytes = (column: number): Uint8Array | null => { const found = value(column); return found instanceof DuckDBBlobValue ? found.bytes : null; };
  const eventTime = value(10);
  const record: HistoryRecord = {
    lane: number(0), offset: number(1), appendedAtMs: number(2), key: string(3), headers: headersOf(string(4) ?? '{}'), value: bytes(5) ?? new Uint8Array(0), outcome: (string(6) ?? 'control') as HistoryOutcome, kind: string(7) ?? '',
    source: string(8), id: string(9), eventTimeMs: eventTime === null ? null : Number(eventTime), receivedAtMs: number(11), reason: string(12), field: string(13), entities: strings(14),
  };
  const outcome = columns.length <= recordColumns.length ? null : string(15);
  if (outcome === null) return { record, decision: undefined };
  const base = {
    lane: record.lane, offset: record.offset, id: decisionId(record), transactionId: record.id ?? '', source: record.source ?? '', eventTimeMs: record.eventTimeMs ?? 0, receivedAtMs: record.receivedAtMs,
    outcome: outcome as Outcome, score: number(16), decidedBy: string(17) ?? '', alert: value(18) === true, rules: strings(19), entities: record.entities,
  };
  const layoutId = string(20), packed = bytes(21);
  if (layoutId === null || packed === null) return { record, decision: { ...base, json: string(22) ?? '' } };
  if (unpacking === undefined) throw new WeirError('WEIR_HISTORY_FAILED', `decision ${base.id} is packed, and nothing is here to unpack it`);
  let json: string | undefined;
  return { record, decision: { ...base, packed: { layoutId, layout: () => layout(layoutId), bytes: packed }, get json() { return (json ??= unpacking.unpack(layout(layoutId), packed)); } } };
}

