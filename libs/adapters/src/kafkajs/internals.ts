import type { Kafka } from 'kafkajs';

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
  #connected: Promise<void> | undefined;

  constructor(kafka: Kafka) {
    const make = Object.getOwnPropertySymbols(kafka).map((symbol): unknown => Reflect.get(kafka, symbol)).find((value) => typeof value === 'function' && value.toString().includes('new Cluster'));
    if (typeof make !== 'function') throw new Error('this version of kafkajs is not known');
    this.#cluster = make({ metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as InternalCluster; // by the check above
  }

  /** The partition's leader, asked for again after an error. */
  async of(topic: string, partition: number): Promise<Broker> {
    this.#connected ??= this.#cluster.connect();
    try {
      await this.#connected;
      await this.#cluster.addTargetTopic(topic);
      const [nodeId] = Object.entries(this.#cluster.findLeaderForPartitions(topic, [partition])).find(([, partitions]) => partitions.includes(partition)) ?? [];
      if (nodeId === undefined) throw new Error(`${topic} has no leader for partition ${partition}`);
      return await this.#cluster.findBroker({ nodeId });
    } catch (error) {
      this.#connected = undefined;
      throw error;
    }
  }

  /** After an error: the leader may be another one now. */
  async refresh(): Promise<void> { await this.#cluster.refreshMetadata().catch(() => undefined); }

  async close(): Promise<void> {
    if (this.#connected === undefined) return;
    await this.#connected.catch(() => undefined);
    await this.#cluster.disconnect();
  }
}
