import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Topic } from '@weir/ports';

export type Compression = 'none' | 'gzip' | 'zstd';

/** How to reach Kafka and how its topics are made; the same for every client. */
export interface KafkaOptions {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** Partitions of every topic. */
  readonly lanes: number;
  readonly clientId?: string;
  /** First part of every topic's name, e.g. `weir.`. */
  readonly prefix?: string;
  readonly tls?: Pick<TlsOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  readonly sasl?: { readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; readonly username: string; readonly password: string };
  readonly compression?: Compression;
  /** Topics of which one owner at a time may write a lane: there is an id of topic and lane, and who takes it fences the one before. */
  readonly fencedTopics?: readonly Topic[];
  /** Of topics that are made here. */
  readonly replicationFactor?: number;
  readonly inSyncReplicasMin?: number;
  /** How long topics that are made here keep their records, ms; -1 for ever. Compacted topics keep the newest of each key. */
  readonly retentionMs?: number;
  /** ms until a request without an answer fails. */
  readonly requestTimeoutMs?: number;
  /** How often a request is sent again before it fails. */
  readonly retriesMax?: number;
  /** Least time between two append requests to a lane, ms: where many append a little each, those of that time share one, and what it costs here, at the broker and at each reader. */
  readonly appendEveryMs?: number;
  /** Bytes of one fetch. A larger batch comes alone. */
  readonly fetchBytesMax?: number;
}

export const kafkaDefaults = Object.freeze({
  clientId: 'weir', prefix: '', compression: 'none' as const, replicationFactor: 1, inSyncReplicasMin: 1, retentionMs: 7 * 24 * 3_600_000, requestTimeoutMs: 10_000, retriesMax: 5, fetchBytesMax: 4 << 20, appendEveryMs: 0,
});

export const fencedByDefault: readonly Topic[] = ['decisions', 'alerts'];

/** Largest batch a topic takes: a batch is one record batch, so that all or none of it is there. Larger appends are refused. */
export const batchBytesMax = 32 << 20;

/** What no stage reads and consumers load whole keeps the newest record of each key. */
const isCompacted = (topic: Topic): boolean => ['labels', 'definitions', 'lists'].includes(topic) || topic.startsWith('tables.');

/** Settings of a topic that is made here. The time of a record is when the broker appended it: `received_at`. */
export function topicSettings(topic: Topic, options: KafkaOptions): Readonly<Record<string, string>> {
  return {
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': String(batchBytesMax),
    'min.insync.replicas': String(options.inSyncReplicasMin ?? kafkaDefaults.inSyncReplicasMin),
    'cleanup.policy': isCompacted(topic) ? 'compact' : 'delete',
    ...(isCompacted(topic) ? {} : { 'retention.ms': String(options.retentionMs ?? kafkaDefaults.retentionMs) }),
  };
}
