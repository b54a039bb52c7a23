import { CompressionTypes, Kafka, logLevel, Partitioners, type KafkaConfig, type Message, type Producer, type RecordMetadata, type SASLOptions } from 'kafkajs';
import type { NewRecord } from '@weir/ports';
import { kafkaDefaults, ProducerFenced, topicThere, type KafkaDriver, type KafkaOptions, type PartitionFetcher } from '../kafka-common';
import { registerCodecs } from './codecs';
import { isUnknownYet, PartitionBrokers } from './internals';
import { KafkaJsFetcher } from './kafkajs-fetcher';

const earliest = -2, latest = -1;
const compressionTypes = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, zstd: CompressionTypes.ZSTD } as const;

/** Kafka by `kafkajs`. A producer per partition, for each keeps one request under way. */
export class KafkaJsDriver implements KafkaDriver {
  readonly #options: KafkaOptions;
  readonly #kafka: Kafka;
  readonly #reader: PartitionBrokers;
  readonly #producers = new Map<string, Promise<Producer>>();
  readonly #fenced = new Map<string, Promise<Producer>>();

  constructor(options: KafkaOptions) {
    registerCodecs();
    this.#options = options;
    this.#kafka = new Kafka(clientConfig(options));
    this.#reader = new PartitionBrokers(this.#kafka);
  }

  async ensureTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>>, replicationFactor: number): Promise<number> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }], waitForLeaders: false });
      return await topicThere(topic, async () => {
        try {
          const [there] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
          return there?.partitions.every(({ leader }) => leader >= 0) === true ? there.partitions.length : undefined;
        } catch (error) {
          if (isUnknownYet(error)) return undefined;
          throw error;
        }
      });
    } finally {
      await admin.disconnect();
    }
  }

  async produce(topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    const key = `${topic}/${partition}`;
    let connecting = this.#producers.get(key);
    if (connecting === undefined) {
      connecting = this.#connect({ idempotent: true });
      this.#producers.set(key, connecting);
      connecting.catch(() => this.#producers.delete(key));
    }
    const producer = await connecting;
    return placeOf(await producer.send({ ...this.#sending(topic), messages: records.map((record) => messageOf(record, partition)) }));
  }

  async claim(id: string): Promise<void> {
    const before = this.#fenced.get(id);
    const claiming = this.#claim(id);
    this.#fenced.set(id, claiming);
    claiming.catch(() => this.#fenced.delete(id));
    await claiming;
    await before?.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  async #claim(id: string): Promise<Producer> {
    const producer = await this.#connect({ idempotent: true, transactionalId: id });
    // The first transaction asks for the id; aborted without records it leaves nothing behind.
    await (await producer.transaction()).abort();
    return producer;
  }

  async produceFenced(id: string, topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    if (!this.#fenced.has(id)) await this.claim(id);
    const producer = await (this.#fenced.get(id) as Promise<Producer>);
    const transaction = await producer.transaction();
    let isEnded = false;
    try {
      const place = placeOf(await transaction.send({ ...this.#sending(topic), messages: records.map((record) => messageOf(record, partition)) }));
      await transaction.commit();
      return place;
    } catch (error) {
      if (isFenced(error)) throw new ProducerFenced(`${id} belongs to another producer`, { cause: error });
      if (transaction.isActive()) isEnded = await transaction.abort().then(() => true, () => false);
      if (!isEnded) this.#giveUp(id, producer);
      throw error;
    }
  }

  /**
   * The client has no way out of a commit or an abort that was cut off: the next write claims the id anew, which ends what is open. Whoever claimed
   * it meanwhile loses it by that; which of two owners goes on is decided where the state is published.
   */
  #giveUp(id: string, producer: Producer): void {
    this.#fenced.delete(id);
    producer.disconnect().catch(() => undefined);
  }

  openFetcher(topic: string, partition: number, committed: boolean): PartitionFetcher {
    return new KafkaJsFetcher(this.#kafka, topic, partition, committed, this.#options.fetchBytesMax ?? kafkaDefaults.fetchBytesMax);
  }

  async bounds(topic: string, partition: number, committed: boolean): Promise<{ first: number; next: number }> {
    const [first, next] = await Promise.all([this.#offset(topic, partition, earliest, committed), this.#offset(topic, partition, latest, committed)]);
    return { first, next };
  }

  async offsetAt(topic: string, partition: number, timeMs: number): Promise<number | undefined> {
    const offset = await this.#offset(topic, partition, Math.max(0, Math.ceil(timeMs)), false);
    return offset < 0 ? undefined : offset;
  }

  async #offset(topic: string, partition: number, timestamp: number, committed: boolean): Promise<number> {
    const { responses } = await this.#reader.onLeader(topic, partition, (leader) => leader.listOffsets({ isolationLevel: committed ? 1 : 0, topics: [{ topic, partitions: [{ partition, timestamp }] }] }));
    return Number(responses[0]?.partitions[0]?.offset);
  }

  async close(): Promise<void> {
    const producers = await Promise.allSettled([...this.#producers.values(), ...this.#fenced.values()]);
    await Promise.allSettled([...producers.map((each) => (each.status === 'fulfilled' ? each.value.disconnect() : undefined)), this.#reader.close()]);
  }

  async #connect(options: { readonly idempotent: boolean; readonly transactionalId?: string }): Promise<Producer> {
    const producer = this.#kafka.producer({ ...options, maxInFlightRequests: 1, allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    return producer;
  }

  #sending(topic: string): { topic: string; acks: number; compression: CompressionTypes } {
    return { topic, acks: -1, compression: compressionTypes[this.#options.compression ?? kafkaDefaults.compression] };
  }
}

function clientConfig(options: KafkaOptions): KafkaConfig {
  const requestTimeout = options.requestTimeoutMs ?? kafkaDefaults.requestTimeoutMs;
  return {
    brokers: [...options.brokers], clientId: options.clientId ?? kafkaDefaults.clientId, requestTimeout, connectionTimeout: requestTimeout, logLevel: logLevel.NOTHING,
    // Small transactions wait for the markers of the one before, hence the short first pause.
    retry: { initialRetryTime: 5, maxRetryTime: 2_000, retries: options.retriesMax === 0 ? 0 : 5 + (options.retriesMax ?? kafkaDefaults.retriesMax) },
    ...(options.tls === undefined ? {} : { ssl: { ...options.tls } }),
    ...(options.sasl === undefined ? {} : { sasl: saslOf(options.sasl) }),
  };
}

const mechanisms = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const;
function saslOf({ mechanism, username, password }: NonNullable<KafkaOptions['sasl']>): SASLOptions {
  return { mechanism: mechanisms[mechanism], username, password } as SASLOptions; // the union's members differ in the mechanism alone
}

const messageOf = (record: NewRecord, partition: number): Message => ({
  key: record.key, partition, headers: { ...record.headers }, value: Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength),
});

function placeOf([metadata]: readonly RecordMetadata[]): { firstOffset: number; appendedAtMs: number } {
  return { firstOffset: Number(metadata?.baseOffset), appendedAtMs: Number(metadata?.logAppendTime) };
}

const isFenced = (error: unknown): boolean => error instanceof Error && 'type' in error && (error.type === 'INVALID_PRODUCER_EPOCH' || error.type === 'PRODUCER_FENCED');
