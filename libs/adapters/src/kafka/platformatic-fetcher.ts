import { Consumer } from '@platformatic/kafka';
import { kafkaDefaults, OffsetOutOfRange, type Fetched, type KafkaOptions, type PartitionFetcher } from '../kafka-common';
import { brokerErrors, clientOptions } from './client-options';
import { fetchedOf } from './records';

/** Fetches from one partition's leader, without a consumer group. */
export class PlatformaticFetcher implements PartitionFetcher {
  readonly #consumer: Consumer;
  readonly #fetchBytesMax: number;
  #topicId: string | undefined;

  constructor(options: KafkaOptions, private readonly topic: string, private readonly partition: number, private readonly committed: boolean) {
    this.#fetchBytesMax = options.fetchBytesMax ?? kafkaDefaults.fetchBytesMax;
    this.#consumer = new Consumer({ ...clientOptions(options), groupId: `${options.clientId ?? kafkaDefaults.clientId}-reader` });
    this.#consumer.topics.track(topic);
  }

  async fetch(fromOffset: number, waitMs: number): Promise<Fetched> {
    const metadata = await this.#consumer.metadata({ topics: [this.topic] });
    const topic = metadata.topics.get(this.topic), leader = topic?.partitions[this.partition];
    if (topic === undefined || leader === undefined) throw new Error(`${this.topic} has no partition ${this.partition}`);
    this.#topicId = topic.id;
    try {
      const { responses } = await this.#consumer.fetch({
        node: leader.leader, maxWaitTime: waitMs, minBytes: 1, maxBytes: this.#fetchBytesMax, isolationLevel: this.committed ? 1 : 0,
        topics: [{ topicId: topic.id, partitions: [{ partition: this.partition, fetchOffset: BigInt(fromOffset), currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: this.#fetchBytesMax }] }],
      });
      const partition = responses.find((response) => response.topicId === this.#topicId)?.partitions.find((response) => response.partitionIndex === this.partition);
      return partition === undefined ? { records: [], next: fromOffset } : fetchedOf(partition, fromOffset);
    } catch (error) {
      if (brokerErrors(error).includes('OFFSET_OUT_OF_RANGE')) throw new OffsetOutOfRange(`${this.topic} ${this.partition} has no offset ${fromOffset}`, { cause: error });
      throw error;
    }
  }

  close(): Promise<void> { return this.#consumer.close(true); }
}
