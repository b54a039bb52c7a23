import { decodeRawRecord } from '@weir/pipeline';
import type { EventLog, LogRecord, OfflineStore } from '@weir/ports';
import type { ReadLane } from './shard-replica';

/** Reads lanes from their log, and what it no longer holds from history, which is the log's older half. */
export function laneReader(log: Pick<EventLog, 'bounds' | 'read'>, history?: Pick<OfflineStore, 'scan'>): ReadLane {
  return async (lane, fromOffset, max) => (await readRecords(log, history, { lane, fromOffset, max })).map((record) => decodeRawRecord(lane, record));
}

/** The same, as the log keeps them. */
export async function readRecords(log: Pick<EventLog, 'bounds' | 'read'>, history: Pick<OfflineStore, 'scan'> | undefined, { lane, fromOffset, max }: { readonly lane: number; readonly fromOffset: number; readonly max: number }): Promise<readonly LogRecord[]> {
  if (history === undefined || fromOffset >= (await log.bounds('transactions.raw', lane)).first) return log.read('transactions.raw', lane, fromOffset, max);
  const records: LogRecord[] = [];
  for await (const { offset, appendedAtMs, key, headers, value } of history.scan(lane, fromOffset, fromOffset + max - 1)) records.push({ offset, appendedAtMs, key, headers, value });
  return records;
}
