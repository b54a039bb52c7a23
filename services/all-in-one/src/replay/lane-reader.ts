import { decodeRawRecord } from '@weir/pipeline';
import type { EventLog } from '@weir/ports';
import type { ReadLane } from './shard-replica';

/** Reads lanes from their log. */
export function laneReader(log: Pick<EventLog, 'read'>): ReadLane {
  return async (lane, fromOffset, max) => (await log.read('transactions.raw', lane, fromOffset, max)).map((record) => decodeRawRecord(lane, record));
}
