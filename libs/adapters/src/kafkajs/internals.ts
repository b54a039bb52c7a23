import type { Kafka } from 'kafkajs';
import { topicThere } from '../kafka-common';

/** What `kafkajs` reads from a partition; its type says less than what is there. */
export interface RawMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[] | undefined>>;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean; readonly firstOffset: string; readonly lastOffsetDelta: number };
}
export interface RawPartition {
  readonly partition: number;
  readonly abortedTransactions?: ReadonlyArray<{ readonly producerId: string; readonly firstOffset: string }> | null;
  readonly messages: readonly RawMessage[];
}
interface Broker {
  fetch(request: { readonly isolationLevel: number; readonly maxWaitTime: number; readonly minBytes: number; readonly maxBytes: number; readonly topics: readonly unknown[] }): Promise<{ readonly responses: ReadonlyArray<{ readonly partitions: readonly RawPartition[] }> }>;
  listOffsets(request: { readonly isolationLevel: number; readonly topics: readonly unknown[] }): Promise<{ readonly responses: ReadonlyArray<{ readonly partitions: ReadonlyArray<{ readonly offset: string }> }> }>;
}
interface InternalCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
}

/**
 * The library reads only through consumer groups, but has below them what a log needs: fetch from an offset, ask for offsets. This is the one place that
 * reaches below its public side; the library has had no release since 2023, and the version is pinned.
 */
export class PartitionBrokers {
  readonly #cluster: InternalCluster;
  #closed = false;

  constructor(kafka: Kafka) {
    const make = Object.getOwnPropertySymbols(kafka).map((symbol): unknown => Reflect.get(kafka, symbol)).find((value) => typeof value === 'function' && value.toString().includes('new Cluster'));
    if (typeof make !== 'function') throw new Error('this version of kafkajs is not known');
    this.#cluster = make({ metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as InternalCluster; // by the check above
  }

  /**
   * What the partition's leader answers. Whoever leads a topic just made may not know it yet, and leaders change: where nobody leads or the one asked says
   * that it doesn't, it is asked again for a while; any other error passes through, and the next call looks for the leader anew.
   */
  onLeader<T>(topic: string, partition: number, work: (leader: Broker) => Promise<T>): Promise<T> {
    return topicThere(topic, async () => {
      try {
        const leader = await this.#leaderOf(topic, partition);
        if (leader !== undefined) return await work(leader);
        await this.#cluster.refreshMetadata();
      } catch (error) {
        if (this.#closed || isOffsetOutOfRange(error)) throw error;
        await this.#cluster.refreshMetadata().catch(() => undefined);
        if (!isUnknownYet(error)) throw error;
      } finally {
        if (this.#closed) await this.#cluster.disconnect(); // what connected meanwhile
      }
      return undefined;
    });
  }

  async #leaderOf(topic: string, partition: number): Promise<Broker | undefined> {
    if (this.#closed) throw new Error('the connection is closed');
    await this.#cluster.connect();
    await this.#cluster.addTargetTopic(topic);
    const [nodeId] = Object.entries(this.#cluster.findLeaderForPartitions(topic, [partition])).find(([, partitions]) => partitions.includes(partition)) ?? [];
    return nodeId === undefined ? undefined : this.#cluster.findBroker({ nodeId });
  }

  /** What is under way fails. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#cluster.disconnect();
  }
}

const unknownYet: readonly unknown[] = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION'];
/** Of a topic or its leader: said by a broker, or the reason why the library tried no more. */
export const isUnknownYet = (error: unknown): boolean => error instanceof Error && (('type' in error && unknownYet.includes(error.type)) || isUnknownYet(error.cause));
export const isOffsetOutOfRange = (error: unknown): boolean => error instanceof Error && 'type' in error && error.type === 'OFFSET_OUT_OF_RANGE';
