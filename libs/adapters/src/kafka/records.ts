import type { Consumer, RecordsBatch } from '@platformatic/kafka';
import type { LogRecord } from '@weir/ports';
import type { Fetched } from '../kafka-common';

type FetchResponsePartition = Awaited<ReturnType<Consumer['fetch']>>['responses'][number]['partitions'][number];

const isControl = 1 << 5, isLogAppendTime = 1 << 3;
const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const noValue = new Uint8Array(0);

/** What one partition's part of a fetch holds from the offset on, without control records and what was aborted. */
export function fetchedOf(partition: FetchResponsePartition, fromOffset: number): Fetched {
  const records: LogRecord[] = [];
  let next = fromOffset;
  const aborted = new AbortedBatches(partition);
  for (const batch of partition.records ?? []) {
    const firstOffset = Number(batch.firstOffset);
    next = Math.max(next, firstOffset + batch.lastOffsetDelta + 1);
    if (aborted.skips(batch) || (batch.attributes & isControl) !== 0) continue;
    addRecords(records, batch, firstOffset, fromOffset);
  }
  return { records, next };
}

function addRecords(records: LogRecord[], batch: RecordsBatch, firstOffset: number, fromOffset: number): void {
  const byBroker = (batch.attributes & isLogAppendTime) !== 0;
  const baseMs = Number(byBroker ? batch.maxTimestamp : batch.firstTimestamp);
  for (const record of batch.records) {
    const offset = firstOffset + record.offsetDelta;
    if (offset < fromOffset) continue;
    const { key, value } = record;
    records.push({ offset, appendedAtMs: byBroker ? baseMs : baseMs + Number(record.timestampDelta), key: key === null ? null : key.toString('utf8'), headers: headersOf(record.headers), value: value ?? noValue });
  }
}

function headersOf(headers: ReadonlyArray<readonly [Buffer | null, Buffer | null]>): Readonly<Record<string, string>> {
  if (headers.length === 0) return noHeaders;
  const read: Record<string, string> = {};
  for (const [name, value] of headers) if (name !== null) read[name.toString('utf8')] = value?.toString('utf8') ?? '';
  return read;
}

/** A transaction that was aborted: its producer's batches from its first offset up to the marker. */
class AbortedBatches {
  private readonly open = new Set<bigint>();
  private readonly ahead: Array<{ readonly producerId: bigint; readonly firstOffset: bigint }>;

  constructor(partition: FetchResponsePartition) {
    this.ahead = [...(partition.abortedTransactions ?? [])].sort((left, right) => (left.firstOffset < right.firstOffset ? -1 : 1));
  }

  skips(batch: RecordsBatch): boolean {
    const lastOffset = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    while (this.ahead[0] !== undefined && this.ahead[0].firstOffset <= lastOffset) this.open.add((this.ahead.shift() as { producerId: bigint }).producerId);
    if ((batch.attributes & isControl) !== 0) {
      this.open.delete(batch.producerId);
      return false;
    }
    return (batch.attributes & (1 << 4)) !== 0 && this.open.has(batch.producerId);
  }
}
