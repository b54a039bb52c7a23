import { kGetApi, produceV10, produceV11, produceV9, Producer, UserError, Writer, type API, type Callback, type Connection, type ProducerOptions } from '@platformatic/kafka';
import type { NewRecord } from '@weir/ports';
import type { Compression } from '../kafka-common';
import { compressed, RecordBatchWriter, type BatchHead } from './record-batch';

type Answer = ReturnType<typeof produceV11.parseResponse>;
/** What the library calls its function with that sends a request. */
type ProduceArguments = readonly [
  connection: Connection, acks: number, timeoutMs: number, messages: readonly unknown[], options: { readonly producerId: bigint; readonly producerEpoch: number; readonly sequences: ReadonlyMap<string, number> }, done: (error: Error | null, answer?: Answer) => void,
];

const produceKey = 0;
/** Requests of these versions are the same. The oldest came with Kafka 2.7. */
const answerParsers: Readonly<Record<number, typeof produceV11.parseResponse>> = { 9: produceV9.parseResponse, 10: produceV10.parseResponse, 11: produceV11.parseResponse };
export type BatchProducerOptions = ProducerOptions<Buffer, Buffer, Buffer, Buffer> & { readonly compression: Compression };

/** What it writes is copied into a request in the same turn, so all may share it. */
const recordsWriter = new RecordBatchWriter();

/**
 * The library's idempotent producer, which finds the leader, numbers the records and sends again, with a request that is written here: a batch in one buffer, where the library makes some of each
 * record. It also gives the broker's append time, which the library keeps to itself. One append at a time.
 */
export class BatchProducer extends Producer {
  readonly #compression: Compression;
  #batch: { readonly topic: string; readonly partition: number; readonly records: readonly NewRecord[] } | undefined;
  #appendedAtMs = -1;

  constructor(options: BatchProducerOptions) {
    super({ ...options, idempotent: true });
    this.#compression = options.compression;
  }

  async append(topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    this.#batch = { topic, partition, records };
    // The library counts the records by these.
    const { offsets } = await this.send({ messages: new Array<{ topic: string; partition: number; value: Buffer }>(records.length).fill({ topic, partition, value: noValue }) });
    return { firstOffset: Number(offsets?.[0]?.offset), appendedAtMs: this.#appendedAtMs };
  }

  override [kGetApi]<Arguments extends unknown[], Response>(name: string, callback: Callback<API<Arguments, Response>>): void {
    super[kGetApi]<Arguments, Response>(name, (error, api) => {
      if (name !== 'Produce' || api === undefined) { callback(error, api); return; }
      const parse = answerParsers[api.version];
      if (parse === undefined) callback(new UserError(`the broker speaks version ${api.version} of Produce, one of ${Object.keys(answerParsers).join(', ')} is needed: Kafka 2.7 or newer`));
      else callback(error, this.#sending<API<Arguments, Response>>(api, parse));
    });
  }

  /** In place of the library's function that sends a request. */
  #sending<Send extends { readonly version: number }>(api: Send, parse: typeof produceV11.parseResponse): Send {
    return new Proxy(api, {
      apply: (_api, _self, given: unknown[]) => {
        const [connection, acks, timeoutMs, , options, done] = given as unknown as ProduceArguments; // as the library calls it
        const batch = this.#batch;
        if (batch === undefined) throw new RangeError('records expected');
        const { topic, partition, records } = batch;
        const head = { producerId: options.producerId, producerEpoch: options.producerEpoch, firstSequence: options.sequences.get(`${topic}:${partition}`) ?? 0, timestampMs: Date.now() };
        connection.send(produceKey, api.version, () => this.#request(acks, timeoutMs, topic, partition, records, head), parse, true, true, (error: Error | null, answer?: Answer) => {
          const at = answer?.responses[0]?.partitionResponses[0]?.logAppendTimeMs;
          if (at !== undefined) this.#appendedAtMs = Number(at);
          done(error, answer);
        });
      },
    });
  }

  #request(acks: number, timeoutMs: number, topic: string, partition: number, records: readonly NewRecord[], head: BatchHead): Writer | Promise<Writer> {
    const around = (batch: Buffer): Writer => {
      const one = 2; // lengths of lists are told one more than they are
      return Writer.create().appendString(null).appendInt16(acks).appendInt32(timeoutMs)
        .appendUnsignedVarInt(one).appendString(topic).appendUnsignedVarInt(one).appendInt32(partition).appendUnsignedVarInt(batch.length + 1).append(batch).appendTaggedFields().appendTaggedFields().appendTaggedFields();
    };
    const batch = recordsWriter.write(records, head);
    return this.#compression === 'none' ? around(batch) : compressed(batch, this.#compression).then(around);
  }
}

/** Stands for a record where the library only counts. */
const noValue = Buffer.alloc(0);
