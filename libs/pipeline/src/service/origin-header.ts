import type { EventLog, LogRecord, Topic } from '@weir/ports';

/** Where a record of a later topic comes from, as `LANE-OFFSET`. */
export const originHeader = 'weir-origin';

export const originText = (lane: number, offset: number): string => `${lane}-${offset}`;

/** The offset of the origin; -1 where the header is missing or no origin. */
export function originOffset(record: LogRecord): number {
  const text = record.headers[originHeader];
  const offset = text === undefined ? Number.NaN : Number(text.slice(text.indexOf('-') + 1));
  return Number.isSafeInteger(offset) ? offset : -1;
}

/** Offsets looked at first for a topic's last record; a broker's own marks take some too. */
const tailFirst = 64;

/** Origin of the last record of a topic's lane that has one; -1 where it holds none. Outputs are written in the order of their origins, so everything up to it is there. */
export async function lastOriginIn(log: EventLog, topic: Topic, lane: number): Promise<number> {
  const { first, next } = await log.bounds(topic, lane);
  for (let tail = tailFirst; ; tail *= 16) {
    const from = Math.max(first, next - tail);
    let last = -1;
    for (let at = from; at < next; ) {
      const records = await log.read(topic, lane, at, 4_096);
      const newest = records.at(-1);
      if (newest === undefined) break;
      last = Math.max(last, ...records.map(originOffset));
      at = newest.offset + 1;
    }
    if (last >= 0 || from === first) return last;
  }
}
