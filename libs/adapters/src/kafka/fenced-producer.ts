import { Producer } from '@platformatic/kafka';
import type { NewRecord } from '@weir/ports';
import { ProducerFenced } from '../kafka-common';
import type { BatchProducerOptions } from './batch-producer';
import { brokerErrors } from './client-options';
import { IdentifiedProducer, type ProducerIdentity } from './identified-producer';

/** No producer before: the broker gives the next epoch, and whoever had the id is fenced. */
const anybody: ProducerIdentity = Object.freeze({ producerId: -1n, producerEpoch: -1 });
/** The broker forgets an id that nobody asks about for days, and fences nobody by what it forgot: an owner asks again before it writes on. */
const claimHoldsMs = 3_600_000;

/**
 * A producer that owns a transactional id and writes one partition, without transactions. A claim takes the next epoch of the id and has the broker put a mark
 * of it into the partition: from there on the partition itself refuses what comes with an epoch before, and an append costs what any idempotent one does. After a
 * failure it goes on only as the same owner, which the broker grants while nobody else has taken the id.
 */
export class FencedProducer {
  readonly #writer: IdentifiedProducer;
  #identity = anybody;
  /** Undefined where it is not known whether this is the owner still, or what it wrote last. */
  #claimedAtMs: number | undefined;

  private constructor(private readonly id: string, private readonly topic: string, private readonly partition: number, private readonly options: BatchProducerOptions) {
    this.#writer = new IdentifiedProducer({ ...options });
  }

  static async claim(id: string, topic: string, partition: number, options: BatchProducerOptions): Promise<FencedProducer> {
    const producer = new FencedProducer(id, topic, partition, options);
    try {
      await producer.#claim();
    } catch (error) {
      await producer.close().catch(() => undefined);
      throw error;
    }
    return producer;
  }

  async produce(records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    try {
      if (this.#claimedAtMs === undefined || performance.now() - this.#claimedAtMs > claimHoldsMs) await this.#claim();
      return await this.#writer.append(this.topic, this.partition, records);
    } catch (error) {
      this.#claimedAtMs = undefined;
      if (brokerErrors(error).some((name) => name === 'INVALID_PRODUCER_EPOCH' || name === 'PRODUCER_FENCED')) throw new ProducerFenced(`${this.id} belongs to another producer`, { cause: error });
      throw error;
    }
  }

  close(): Promise<void> { return this.#writer.close(true); }

  /** As anybody the first time; later as who it is, refused where there is another. */
  async #claim(): Promise<void> {
    this.#claimedAtMs = undefined;
    const nowMs = performance.now();
    const claimer = new Producer({ ...this.options, transactionalId: this.id });
    try {
      const marking = await claimer.beginTransaction({ ...this.#identity });
      this.#identity = identityOf(claimer);
      await marking.addPartitions(await claimer.metadata({ topics: [this.topic] }), [{ topic: this.topic, partition: this.partition, value: noValue }]);
      await marking.abort();
      // The next epoch is given once the mark is written. What the owner before had under way is in the partition by then, or will never be.
      await claimer.beginTransaction();
      await claimer.initIdempotentProducer({ ...this.#identity });
      this.#identity = identityOf(claimer);
    } finally {
      await claimer.close(true);
    }
    await this.#writer.become(this.#identity);
    this.#claimedAtMs = nowMs;
  }
}

/** Stands for a message where only its place is asked for. */
const noValue = Buffer.alloc(0);

function identityOf({ producerId, producerEpoch }: { readonly producerId: bigint | undefined; readonly producerEpoch: number | undefined }): ProducerIdentity {
  if (producerId === undefined || producerEpoch === undefined) throw new Error('the broker gave no epoch');
  return { producerId, producerEpoch };
}
