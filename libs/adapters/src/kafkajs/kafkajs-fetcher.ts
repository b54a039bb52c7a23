import type { Kafka } from 'kafkajs';
import type { LogRecord } from '@weir/ports';
import { OffsetOutOfRange, type Fetched, type PartitionFetcher } from '../kafka-common';
import { isOffsetOutOfRange, PartitionBrokers, type RawMessage, type RawPartition } from './internals';

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const noValue = new Uint8Array(0);

/** Fetches from one partition's leader, without a consumer group. */
export class KafkaJsFetcher implements PartitionFetcher {
  readonly #brokers: PartitionBrokers;

  constructor(kafka: Kafka, private readonly topic: string, private readonly partition: number, private readonly committed: boolean, private readonly fetchBytesMax: number) {
    this.#brokers = new PartitionBrokers(kafka);
  }

  async fetch(fromOffset: number, waitMs: number): Promise<Fetched> {
    try {
      const { responses } = await this.#brokers.onLeader(this.topic, this.partition, (leader) => leader.fetch({
        isolationLevel: this.committed ? 1 : 0, maxWaitTime: waitMs, minBytes: 1, maxBytes: this.fetchBytesMax,
        topics: [{ topic: this.topic, partitions: [{ partition: this.partition, fetchOffset: String(fromOffset), maxBytes: this.fetchBytesMax }] }],
      }));
      const partition = responses[0]?.partitions[0];
      return partition === undefined ? { records: [], next: fromOffset } : fetchedOf(partition, fromOffset);
    } catch (error) {
      if (isOffsetOutOfRange(error)) throw new OffsetOutOfRange(`${this.topic} ${this.partition} has no offset ${fromOffset}`, { cause: error });
      throw error;
    }
  }

  close(): Promise<void> { return this.#brokers.close(); }
}

function fetchedOf({ messages, abortedTransactions }: RawPartition, fromOffset: number): Fetched {
  const records: LogRecord[] = [];
  const ahead = [...(abortedTransactions ?? [])].sort((left, right) => Number(left.firstOffset) - Number(right.firstOffset));
  const aborted = new Set<string>();
  let next = fromOffset;
  for (const message of messages) {
    const offset = Number(message.offset), { producerId, inTransaction } = message.batchContext;
    next = Math.max(next, offset + 1);
    while (ahead[0] !== undefined && Number(ahead[0].firstOffset) <= offset) aborted.add((ahead.shift() as { producerId: string }).producerId);
    if (message.isControlRecord) aborted.delete(producerId);
    else if (offset >= fromOffset && !(inTransaction && aborted.has(producerId))) records.push(recordOf(message, offset));
  }
  return { records, next };
}

const recordOf = ({ timestamp, key, value, headers }: RawMessage, offset: number): LogRecord =>
  ({ offset, appendedAtMs: Number(timestamp), key: key === null ? null : key.toString('utf8'), headers: headersOf(headers), value: value ?? noValue });

function headersOf(headers: RawMessage['headers']): Readonly<Record<string, string>> {
  let read: Record<string, string> | undefined;
  for (const name in headers) {
    const value = headers[name];
    (read ??= {})[name] = Buffer.isBuffer(value) ? value.toString('utf8') : (value?.[0]?.toString('utf8') ?? '');
  }
  return read ?? noHeaders;
}
