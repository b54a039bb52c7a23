import type { ProducerOptions } from '@platformatic/kafka';
import type { NewRecord } from '@weir/ports';
import { ProducerFenced } from '../kafka-common';
import { AppendTimeProducer } from './append-time-producer';
import { brokerErrors } from './client-options';
import { messageOf } from './records';

type Options = ProducerOptions<Buffer, Buffer, Buffer, Buffer>;
type Transaction = Awaited<ReturnType<AppendTimeProducer['beginTransaction']>>;

/** No producer before: the broker gives the next epoch, and whoever had the id is fenced. */
const anybody = Object.freeze({ producerId: -1n, producerEpoch: -1 });

/**
 * A producer that owns a transactional id: each batch is a transaction. After a failure it goes on only as the same owner, which the broker grants while
 * nobody else has taken the id.
 */
export class FencedProducer {
  /** What failed, and may be open at the broker. */
  #failed: Transaction | undefined;

  private constructor(private readonly id: string, private readonly producer: AppendTimeProducer) {}

  static async claim(id: string, options: Options): Promise<FencedProducer> {
    const producer = new AppendTimeProducer({ ...options, transactionalId: id });
    try {
      await (await producer.beginTransaction(anybody)).cancel();
    } catch (error) {
      await producer.close(true).catch(() => undefined);
      throw error;
    }
    return new FencedProducer(id, producer);
  }

  async produce(topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    try {
      if (this.#failed !== undefined) await this.#recover(this.#failed);
      this.#failed = undefined;
      const transaction = await this.producer.beginTransaction();
      this.#failed = transaction;
      const { offsets } = await transaction.send({ messages: records.map((record) => messageOf(topic, partition, record)) });
      await transaction.commit();
      this.#failed = undefined;
      return { firstOffset: Number(offsets?.[0]?.offset), appendedAtMs: this.producer.appendedAtMs };
    } catch (error) {
      if (brokerErrors(error).some((name) => name === 'INVALID_PRODUCER_EPOCH' || name === 'PRODUCER_FENCED')) throw new ProducerFenced(`${this.id} belongs to another producer`, { cause: error });
      throw error;
    }
  }

  /** Ends what is open, and asks for the next epoch of the same owner, for numbers of records may have been used up. */
  async #recover(failed: Transaction): Promise<void> {
    const { producerId, producerEpoch } = this.producer;
    try {
      await failed.abort();
    } catch (error) {
      // Committed after all, or never begun at the broker.
      if (!brokerErrors(error).includes('INVALID_TXN_STATE')) throw error;
      await failed.cancel();
    }
    const transaction = await this.producer.beginTransaction();
    if (producerId !== undefined && producerEpoch !== undefined) await this.producer.initIdempotentProducer({ producerId, producerEpoch });
    await transaction.cancel();
  }

  close(): Promise<void> { return this.producer.close(true); }
}
