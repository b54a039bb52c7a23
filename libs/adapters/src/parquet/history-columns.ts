import { BLOB, BOOLEAN, DOUBLE, DuckDBBlobValue, VARCHAR, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { decisionId, type Outcome } from '@weir/contracts';
import type { DecisionRow, HistoryOutcome, HistoryRecord } from '@weir/ports';

/** A record and, where it has one, its decision: one row of a file, so that both become durable at once. */
export interface HistoryRow { readonly record: HistoryRecord; readonly decision: DecisionRow | undefined }

interface Column {
  readonly name: string;
  /** As it goes into DuckDB; numbers as doubles, lists as text, for those are cheap to hand over. */
  readonly type: DuckDBType;
  readonly of: (row: HistoryRow) => DuckDBValue;
  /** The column of the file, from the one handed over. */
  readonly stored: string;
  /** What is read back, from the column of the file. */
  readonly read: string;
}

const separator = '\u001f';
const text = (name: string, of: (row: HistoryRow) => string | null): Column => ({ name, type: VARCHAR, of, stored: name, read: name });
const list = (name: string, of: (row: HistoryRow) => readonly string[] | null): Column => ({
  name, type: VARCHAR, of: (row) => of(row)?.join(separator) ?? null,
  stored: `CASE WHEN ${name} = '' THEN []::VARCHAR[] ELSE string_split(${name}, chr(31)) END`, read: `array_to_string(${name}, chr(31))`,
});
const time = (name: string, of: (row: HistoryRow) => number | null): Column => ({ name, type: DOUBLE, of, stored: `epoch_ms(${name}::BIGINT)`, read: `epoch_ms(${name})::DOUBLE` });
const integer = (name: string, of: (row: HistoryRow) => number): Column => ({ name, type: DOUBLE, of, stored: `${name}::BIGINT`, read: `${name}::DOUBLE` });

/** Columns of the files, which are there for everybody's queries: names and types are a promise. */
export const historyColumns: readonly Column[] = [
  integer('lane', ({ record }) => record.lane), integer('record_offset', ({ record }) => record.offset), time('appended_at', ({ record }) => record.appendedAtMs),
  text('record_key', ({ record }) => record.key), text('headers', ({ record }) => JSON.stringify(record.headers)),
  { name: 'record_value', type: BLOB, of: ({ record }) => new DuckDBBlobValue(record.value), stored: 'record_value', read: 'record_value' },
  text('outcome', ({ record }) => record.outcome), text('kind', ({ record }) => record.kind), text('source', ({ record }) => record.source), text('id', ({ record }) => record.id),
  time('event_time', ({ record }) => record.eventTimeMs), time('received_at', ({ record }) => record.receivedAtMs),
  text('reason', ({ record }) => record.reason), text('field', ({ record }) => record.field), list('entities', ({ record }) => record.entities),
  text('decision_outcome', ({ decision }) => decision?.outcome ?? null),
  { name: 'decision_score', type: DOUBLE, of: ({ decision }) => decision?.score ?? null, stored: 'decision_score', read: 'decision_score' },
  text('decided_by', ({ decision }) => decision?.decidedBy ?? null),
  { name: 'alert', type: BOOLEAN, of: ({ decision }) => decision?.alert ?? null, stored: 'alert', read: 'alert' },
  list('rules', ({ decision }) => decision?.rules ?? null), text('decision', ({ decision }) => decision?.json ?? null),
];

export const storedColumns = historyColumns.map(({ name, stored }) => `${stored} AS ${name}`).join(', ');
export const readColumns = historyColumns.map(({ name, read }) => `${read} AS ${name}`).join(', ');

/** A row read back; `columns` in the order of `historyColumns`. */
export function readRow(columns: ReadonlyArray<readonly DuckDBValue[]>, at: number): HistoryRow {
  const value = (column: number): DuckDBValue => columns[column]?.[at] ?? null;
  const string = (column: number): string | null => { const found = value(column); return typeof found === 'string' ? found : null; };
  const number = (column: number): number => Number(value(column));
  const strings = (column: number): string[] => { const found = string(column); return found === null || found === '' ? [] : found.split(separator); };
  const blob = value(5), eventTime = value(10);
  const record: HistoryRecord = {
    lane: number(0), offset: number(1), appendedAtMs: number(2), key: string(3), headers: JSON.parse(string(4) ?? '{}') as Record<string, string>,
    value: blob instanceof DuckDBBlobValue ? blob.bytes : new Uint8Array(0), outcome: (string(6) ?? 'control') as HistoryOutcome, kind: string(7) ?? '', source: string(8), id: string(9),
    eventTimeMs: eventTime === null ? null : Number(eventTime), receivedAtMs: number(11), reason: string(12), field: string(13), entities: strings(14),
  };
  const outcome = string(15);
  if (outcome === null) return { record, decision: undefined };
  return {
    record,
    decision: {
      lane: record.lane, offset: record.offset, id: decisionId(record), transactionId: record.id ?? '', source: record.source ?? '', eventTimeMs: record.eventTimeMs ?? 0, receivedAtMs: record.receivedAtMs,
      outcome: outcome as Outcome, score: number(16), decidedBy: string(17) ?? '', alert: value(18) === true, rules: strings(19), entities: record.entities, json: string(20) ?? '',
    },
  };
}
