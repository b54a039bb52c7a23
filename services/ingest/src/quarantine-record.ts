import type { IngestRefusal } from '@weir/contracts';
import { originHeader, originText, type OutputRecord } from '@weir/pipeline';
import { quarantineId, type LogRecord, type QuarantineRow } from '@weir/ports';

type Quarantined = Extract<IngestRefusal, { kind: 'quarantined' }>;

/** What the value of a record of the topic `quarantine` says. */
interface QuarantineValue {
  readonly lane: number; readonly offset: number; readonly source: string; readonly transaction_id: string | null; readonly reason: QuarantineRow['reason'];
  readonly field: string | null; readonly expected: string | null; readonly got: string | null; readonly received_at: number; readonly event: string;
}

/** The record as it was appended, tokens in place, with the reason and the place; of bytes that could not be parsed only length and hash. */
export function quarantineRecord({ lane, offset, source, id, reason, field, expected, got, receivedAtMs, json }: Quarantined): OutputRecord['record'] {
  const value: QuarantineValue = { lane, offset, source, transaction_id: id, reason, field, expected, got, received_at: receivedAtMs, event: json };
  return { key: id, headers: { 'content-type': 'application/json', [originHeader]: originText(lane, offset) }, value: Buffer.from(JSON.stringify(value), 'utf8') };
}

/** The same as a row of who keeps what was refused. */
export function quarantineRow(record: Pick<LogRecord, 'value'>): QuarantineRow {
  const value = JSON.parse(Buffer.from(record.value).toString('utf8')) as QuarantineValue; // written above alone
  const { lane, offset, source, reason, field, expected, got } = value;
  return { lane, offset, id: quarantineId({ lane, offset }), source, transactionId: value.transaction_id, reason, field, expected, got, receivedAtMs: value.received_at, json: value.event, resentAtMs: null };
}
