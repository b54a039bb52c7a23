import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { crc32c } from '@platformatic/kafka';
import { ByteWriter } from '@weir/contracts';
import type { NewRecord } from '@weir/ports';
import type { Compression } from '../kafka-common';

/** What stands in front of the records of a batch. */
export interface BatchHead { readonly producerId: bigint; readonly producerEpoch: number; readonly firstSequence: number; readonly timestampMs: number }

const version = 2;
/** Places in a batch: what follows its length, its checksum, what that is of, its number of records. */
const lengthAt = 8, afterLengthAt = 12, versionAt = 16, crcAt = 17, attributesAt = 21, recordsAt = 61;
const codecs = { gzip: { code: 1, pack: promisify(gzip) }, zstd: { code: 4, pack: promisify(zstdCompress) } } as const;
const emptyHead = new Uint8Array(recordsAt);
/** Texts up to here are tried as ASCII, byte by byte: quicker than to ask the runtime. */
const asciiTriedMax = 64;

/** Writes records as one batch of Kafka's format (version 2), in one buffer that is used again. */
export class RecordBatchWriter {
  private readonly batch = new ByteWriter();
  /** One record, whose length stands before it. */
  private readonly one = new ByteWriter();

  /** Without compression; good until the next is written. */
  write(records: readonly NewRecord[], head: BatchHead): Buffer {
    this.batch.reset();
    this.batch.raw(emptyHead);
    for (let index = 0; index < records.length; index++) this.record(records[index] as NewRecord, index);
    const { buffer, byteOffset, byteLength } = this.batch.written(), batch = Buffer.from(buffer, byteOffset, byteLength);
    batch[versionAt] = version;
    batch.writeInt32BE(records.length - 1, 23);
    batch.writeBigInt64BE(BigInt(head.timestampMs), 27);
    batch.writeBigInt64BE(BigInt(head.timestampMs), 35);
    batch.writeBigInt64BE(head.producerId, 43);
    batch.writeInt16BE(head.producerEpoch, 51);
    batch.writeInt32BE(head.firstSequence, 53);
    batch.writeInt32BE(records.length, 57);
    return finished(batch);
  }

  private record({ key, value, headers }: NewRecord, index: number): void {
    const { one, batch } = this, names = Object.keys(headers);
    one.reset();
    one.byte(0);
    one.byte(0); // the time is the batch's
    one.zigzag(index);
    if (key === null) one.zigzag(-1);
    else this.text(key);
    one.zigzag(value.length);
    one.raw(value);
    one.zigzag(names.length);
    for (const name of names) {
      this.text(name);
      this.text(headers[name] as string);
    }
    const written = one.written();
    batch.zigzag(written.length);
    batch.raw(written);
  }

  /** Its length in zigzag, which is twice what it is, then UTF-8. */
  private text(text: string): void {
    if (text.length < asciiTriedMax && this.one.ascii(text, text.length)) return;
    const bytes = Buffer.from(text, 'utf8');
    this.one.zigzag(bytes.length);
    this.one.raw(bytes);
  }
}

/** The batch with its records compressed. */
export async function compressed(batch: Buffer, compression: Exclude<Compression, 'none'>): Promise<Buffer> {
  const { code, pack } = codecs[compression], head = Buffer.from(batch.subarray(0, recordsAt));
  const whole = Buffer.concat([head, await pack(Buffer.from(batch.subarray(recordsAt)))]);
  whole.writeInt16BE(code, attributesAt);
  return finished(whole);
}

/** With its length and its checksum. */
function finished(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - afterLengthAt, lengthAt);
  batch.writeUInt32BE(crc32c(batch.subarray(attributesAt)), crcAt);
  return batch;
}
