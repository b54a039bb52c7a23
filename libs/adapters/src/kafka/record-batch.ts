import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { crc32c } from '@platformatic/kafka';
import type { NewRecord } from '@weir/ports';
import type { Compression } from '../kafka-common';

/** What stands in front of the records of a batch. */
export interface BatchHead { readonly producerId: bigint; readonly producerEpoch: number; readonly firstSequence: number; readonly timestampMs: number }

const version = 2;
/** Places in a batch: what follows its length, its checksum, what that is of, its number of records. */
const lengthAt = 8, afterLengthAt = 12, versionAt = 16, crcAt = 17, attributesAt = 21, recordsAt = 61;
const codecs = { gzip: { code: 1, pack: promisify(gzip) }, zstd: { code: 4, pack: promisify(zstdCompress) } } as const;
/** Texts up to here are tried as ASCII, byte by byte: quicker than to ask the runtime. */
const asciiTriedMax = 64;
const varintBytesMax = 10;

/** Writes records as one batch of Kafka's format (version 2), in one buffer that is used again. */
export class RecordBatchWriter {
  private bytes = Buffer.allocUnsafe(65_536);
  private at = 0;

  /** Without compression; good until the next is written. */
  write(records: readonly NewRecord[], head: BatchHead): Buffer {
    this.at = recordsAt;
    for (let index = 0; index < records.length; index++) this.record(records[index] as NewRecord, index);
    const batch = this.bytes.subarray(0, this.at);
    batch.writeBigInt64BE(0n, 0);
    batch.writeInt32BE(0, afterLengthAt);
    batch[versionAt] = version;
    batch.writeInt16BE(0, attributesAt);
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
    // Nearly every record is of two bytes' length.
    this.ensure(2 * varintBytesMax + 2);
    const start = (this.at += 2);
    this.bytes[this.at++] = 0;
    this.bytes[this.at++] = 0; // the time is the batch's
    this.varint(index);
    if (key === null) this.varint(-1);
    else this.text(key);
    this.ensure(value.length + 2 * varintBytesMax);
    this.varint(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
    const names = Object.keys(headers);
    this.varint(names.length);
    for (const name of names) {
      this.text(name);
      this.text(headers[name] as string);
    }
    const end = this.at, length = end - start;
    const lengthBytes = varintLength(length);
    if (lengthBytes !== 2) {
      this.ensure(varintBytesMax);
      this.bytes.copyWithin(start - 2 + lengthBytes, start, end);
    }
    this.at = start - 2;
    this.varint(length);
    this.at += length;
  }

  /** Its length, then UTF-8. */
  private text(text: string): void {
    const { length } = text;
    this.ensure(3 * length + varintBytesMax);
    const start = this.at;
    if (length < asciiTriedMax) {
      const { bytes } = this;
      let at = start + 1, index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (index === length) {
        bytes[start] = 2 * length;
        this.at = at;
        return;
      }
    }
    this.varint(Buffer.byteLength(text, 'utf8'));
    this.at += this.bytes.write(text, this.at, 'utf8');
  }

  /** Zigzag; below 2^30. */
  private varint(value: number): void {
    let rest = value >= 0 ? value * 2 : -value * 2 - 1;
    while (rest > 127) {
      this.bytes[this.at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  private ensure(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + count));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
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

const varintLength = (value: number): number => (value < 64 ? 1 : value < 8_192 ? 2 : value < 1_048_576 ? 3 : value < 134_217_728 ? 4 : 5);
