import { Admin, Consumer } from '@platformatic/kafka';
import type { NewRecord } from '@weir/ports';
import { kafkaDefaults, topicThere, type KafkaDriver, type KafkaOptions, type PartitionFetcher } from '../kafka-common';
import { BatchProducer, type BatchProducerOptions } from './batch-producer';
import { brokerErrors, clientOptions } from './client-options';
import { FencedProducer } from './fenced-producer';
import { PlatformaticFetcher } from './platformatic-fetcher';

const earliest = -2n, latest = -1n;

/** Kafka by `@platformatic/kafka`. A producer per partition, for each keeps one request under way. */
export class PlatformaticDriver implements KafkaDriver {
  readonly #options: KafkaOptions;
  readonly #admin: Admin;
  readonly #reader: Consumer;
  readonly #producers = new Map<string, BatchProducer>();
  readonly #fencedProducers = new Map<string, Promise<FencedProducer>>();

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#admin = new Admin(clientOptions(options));
    this.#reader = new Consumer({ ...clientOptions(options), groupId: `${options.clientId ?? kafkaDefaults.clientId}-reader` });
  }

  async ensureTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>>, replicationFactor: number): Promise<number> {
    const there = await this.#partitionsOf(topic);
    if (there !== undefined) return there;
    try {
      await this.#admin.createTopics({ topics: [topic], partitions, replicas: replicationFactor, configs: Object.entries(settings).map(([name, value]) => ({ name, value })) });
      return partitions;
    } catch (error) {
      if (!brokerErrors(error).includes('TOPIC_ALREADY_EXISTS')) throw error;
      return topicThere(topic, () => this.#partitionsOf(topic));
    }
  }

  async #partitionsOf(topic: string): Promise<number | undefined> {
    try {
      return (await this.#admin.metadata({ topics: [topic], forceUpdate: true, retries: 0 })).topics.get(topic)?.partitionsCount;
    } catch (error) {
      // The library says so in words alone.
      if (error instanceof Error && error.message.startsWith('Unknown topic')) return undefined;
      throw error;
    }
  }

  async produce(topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    const key = `${topic}/${partition}`;
    let producer = this.#producers.get(key);
    if (producer === undefined) this.#producers.set(key, (producer = new BatchProducer(this.#producerOptions())));
    return producer.append(topic, partition, records);
  }

  async claim(id: string, topic: string, partition: number): Promise<void> {
    const before = this.#fencedProducers.get(id);
    const claiming = FencedProducer.claim(id, topic, partition, this.#producerOptions());
    this.#fencedProducers.set(id, claiming);
    claiming.catch(() => this.#fencedProducers.delete(id));
    await claiming;
    await before?.then((producer) => producer.close()).catch(() => undefined);
  }

  async produceFenced(id: string, topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    if (!this.#fencedProducers.has(id)) await this.claim(id, topic, partition);
    return (await (this.#fencedProducers.get(id) as Promise<FencedProducer>)).produce(records);
  }

  openFetcher(topic: string, partition: number, committed: boolean): PartitionFetcher {
    return new PlatformaticFetcher(this.#options, topic, partition, committed);
  }

  async bounds(topic: string, partition: number, committed: boolean): Promise<{ first: number; next: number }> {
    const [first, next] = await Promise.all([this.#offset(topic, partition, earliest, committed), this.#offset(topic, partition, latest, committed)]);
    return { first, next };
  }

  async offsetAt(topic: string, partition: number, timeMs: number): Promise<number | undefined> {
    const offset = await this.#offset(topic, partition, BigInt(Math.max(0, Math.ceil(timeMs))), false);
    return offset < 0 ? undefined : offset;
  }

  async #offset(topic: string, partition: number, timestamp: bigint, committed: boolean): Promise<number> {
    const offsets = await this.#reader.listOffsets({ topics: [topic], partitions: { [topic]: [partition] }, timestamp, isolationLevel: committed ? 1 : 0 });
    return Number(offsets.get(topic)?.[partition]);
  }

  async close(): Promise<void> {
    const fenced = await Promise.allSettled(this.#fencedProducers.values());
    await Promise.allSettled([
      ...[...this.#producers.values()].map((producer) => producer.close(true)), ...fenced.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)), this.#admin.close(), this.#reader.close(true),
    ]);
  }

  #producerOptions(): BatchProducerOptions {
    return { ...clientOptions(this.#options), idempotent: true, acks: -1, compression: this.#options.compression ?? kafkaDefaults.compression };
  }
}
