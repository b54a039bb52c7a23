import type { Origin } from '@weir/contracts';
import type { EventLog, LogRecord } from '@weir/ports';
import { originOf } from './alert-record';

/** Records read at once where alerts of an origin are looked for. */
const readMax = 64;

/** Every alert that a record raised. They stand in the topic in the order of the lane, those about models between them, so they are found by halving. */
export async function alertsOfOrigin(log: EventLog, { lane, offset }: Origin): Promise<LogRecord[]> {
  if (lane >= log.lanes) return [];
  const { first, next } = await log.bounds('alerts', lane);
  let low = first, high = next;
  while (high - low > readMax) {
    const middle = Math.floor((low + high) / 2), found = await firstRaised(log, lane, { from: middle, below: high });
    if (found !== undefined && found.origin < offset) low = found.at + 1;
    else high = middle;
  }
  const found: LogRecord[] = [];
  for (let at = low; at < next;) {
    const records = await log.read('alerts', lane, at, readMax), last = records.at(-1);
    if (last === undefined) break;
    for (const record of records) {
      const origin = originOf(record);
      if (origin !== null && origin.offset > offset) return found;
      if (origin?.offset === offset) found.push(record);
    }
    at = last.offset + 1;
  }
  return found;
}

/** The first of a stretch that a record raised, and which. */
async function firstRaised(log: EventLog, lane: number, { from, below }: { readonly from: number; readonly below: number }): Promise<{ readonly at: number; readonly origin: number } | undefined> {
  for (let at = from; at < below;) {
    const records = await log.read('alerts', lane, at, readMax), last = records.at(-1);
    if (last === undefined) return undefined;
    for (const record of records) {
      const origin = originOf(record);
      if (origin !== null && record.offset < below) return { at: record.offset, origin: origin.offset };
    }
    at = last.offset + 1;
  }
  return undefined;
}
