import { setImmediate as nextTurn } from 'node:timers/promises';
import { labelsSourceName } from '@weir/definitions';
import { decodeRawRecord, rawHeaders, readTimestamp } from '@weir/pipeline';
import type { EventLog, LogRecord } from '@weir/ports';
import { fraudOf, type LabelBook } from './label-book';
import { recordsBefore } from '../replay/shard-replica';
import { originsTold } from './lanes-merge';
import type { ControlRecord } from './recorded-front';

/** Records looked at before whatever else the thread does has its turn. */
const recordsPerTurnMax = 2_048;
/** Bytes of list changes and sets that are kept at hand; a log with more is replayed. */
const controlBytesMax = 64 * 1_024 * 1_024;

/** What a back-test wants to know of a lane before it begins. */
export interface LogSurvey {
  /** Sets and list changes in their order; undefined where they are too many to keep at hand. */
  readonly controls: readonly ControlRecord[] | undefined;
  /** Decisions in other lanes whose additions to lists it holds (`ToldOrigins`). */
  readonly told: readonly string[];
}

/** Reads a lane once: adds its labels (what became known later counts for what came before) and gives what changes how it decides. */
export async function surveyLog(log: Pick<EventLog, 'read'>, { lane, endOffset }: { readonly lane: number; readonly endOffset: number }, into: LabelBook): Promise<LogSurvey> {
  const told: string[] = [];
  let controls: ControlRecord[] | undefined = [], bytes = 0;
  for (let from = 0; from < endOffset; ) {
    const records = recordsBefore(await log.read('transactions.raw', lane, from, Math.min(recordsPerTurnMax, endOffset - from)), endOffset);
    const last = records.at(-1);
    if (last === undefined) break;
    for (const record of records) {
      if (record.headers[rawHeaders.source] === labelsSourceName) addLabel(record.value, into);
      const control = controlOf(lane, record);
      if (control === undefined) continue;
      if (control.body.kind === 'list') told.push(...originsTold(control.body.changes));
      bytes += record.value.length;
      controls = bytes > controlBytesMax ? undefined : controls;
      controls?.push(control);
    }
    from = last.offset + 1;
    await nextTurn();
  }
  return { controls, told };
}

function controlOf(lane: number, record: LogRecord): ControlRecord | undefined {
  const kind = record.headers[rawHeaders.kind];
  if (kind !== 'definitions' && kind !== 'list') return undefined;
  const { offset, appendedAtMs, body } = decodeRawRecord(lane, record);
  return body.kind === 'definitions' || body.kind === 'list' ? { offset, appendedAtMs, body } : undefined;
}

function addLabel(value: Uint8Array, into: LabelBook): void {
  let label: unknown;
  try { label = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')); } catch { return; } // ingest quarantines it
  if (typeof label !== 'object' || label === null || !('transaction_id' in label) || !('fraud' in label)) return;
  const fraud = fraudOf(label.fraud);
  if (typeof label.transaction_id === 'string' && fraud !== undefined) into.add(label.transaction_id, fraud, 'at' in label ? (readTimestamp(label.at) ?? 0) : 0);
}
