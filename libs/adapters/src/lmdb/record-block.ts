import type { LogRecord, NewRecord } from '@weir/ports';
import { WeirError } from '@weir/contracts';

/**
 * Records appended together are one value: a put per block instead of one per record.
 * Layout: format (1 byte), count (u32), append time (f64), then per record: key length + 1 (u32; 0: no key), headers as JSON length (u32), value length (u32), and the bytes.
 */
const formatVersion = 1;
const headBytes = 1 + 4 + 8;
const lengthsBytes = 12;
const noHeaders = Buffer.alloc(0);

export function encodeBlock(records: readonly NewRecord[], appendedAtMs: number): Buffer {
  const keys = records.map((record) => (record.key === null ? undefined : Buffer.from(record.key, 'utf8')));
  const headers = records.map((record, index) => (index > 0 && record.headers === records[index - 1]?.headers ? undefined : headerBytes(record.headers)));
  let size = headBytes, last: Buffer = noHeaders;
  records.forEach((record, index) => {
    last = headers[index] ??= last;
    size += lengthsBytes + (keys[index]?.length ?? 0) + last.length + record.value.length;
  });
  const block = Buffer.allocUnsafe(size);
  block[0] = formatVersion;
  block.writeUInt32LE(records.length, 1);
  block.writeDoubleLE(appendedAtMs, 5);
  let at = headBytes;
  records.forEach((record, index) => {
    const key = keys[index];
    const header = headers[index] ?? noHeaders;
    block.writeUInt32LE(key === undefined ? 0 : key.length + 1, at);
    block.writeUInt32LE(header.length, at + 4);
    block.writeUInt32LE(record.value.length, at + 8);
    at += lengthsBytes;
    if (key !== undefined) { block.set(key, at); at += key.length; }
    block.set(header, at);
    at += header.length;
    block.set(record.value, at);
    at += record.value.length;
  });
  return block;
}

/** The same few header sets come again and again: their bytes and their parsed form are kept. */
const headerCacheMax = 1_024;
const bytesByText = new Map<string, Buffer>();
const headersByText = new Map<string, Readonly<Record<string, string>>>();

function headerBytes(headers: Readonly<Record<string, string>>): Buffer {
  let text = '';
  for (const name in headers) text += `${JSON.stringify(name)}:${JSON.stringify(headers[name])},`;
  if (text === '') return noHeaders;
  const known = bytesByText.get(text);
  if (known !== undefined) return known;
  const bytes = Buffer.from(`{${text.slice(0, -1)}}`, 'utf8');
  if (bytesByText.size < headerCacheMax) bytesByText.set(text, bytes);
  return bytes;
}

function headersOf(text: string): Readonly<Record<string, string>> {
  if (text === '') return emptyHeaders;
  const known = headersByText.get(text);
  if (known !== undefined) return known;
  const headers = Object.freeze(JSON.parse(text) as Record<string, string>); // written by encodeBlock alone
  if (headersByText.size < headerCacheMax) headersByText.set(text, headers);
  return headers;
}
const emptyHeaders: Readonly<Record<string, string>> = Object.freeze({});

/** Append time of a block without decoding it, ms. */
export const blockTimeMs = (block: Buffer): number => block.readDoubleLE(5);
export const blockCount = (block: Buffer): number => block.readUInt32LE(1);

/** @throws WeirError WEIR_LOG_FAILED for a block of another format. */
export function decodeBlock(block: Buffer, firstOffset: number): LogRecord[] {
  if (block[0] !== formatVersion) throw new WeirError('WEIR_LOG_FAILED', `block ${firstOffset}: format ${block[0]}, ${formatVersion} expected`);
  const appendedAtMs = blockTimeMs(block);
  const records: LogRecord[] = [];
  let at = headBytes;
  for (let index = 0; index < blockCount(block); index += 1) {
    const keyLength = block.readUInt32LE(at);
    const headerLength = block.readUInt32LE(at + 4);
    const valueLength = block.readUInt32LE(at + 8);
    at += lengthsBytes;
    const key = keyLength === 0 ? null : block.toString('utf8', at, at + keyLength - 1);
    at += Math.max(0, keyLength - 1);
    const headers = headersOf(block.toString('utf8', at, at + headerLength));
    at += headerLength;
    records.push({ key, headers, value: block.subarray(at, at + valueLength), offset: firstOffset + index, appendedAtMs });
    at += valueLength;
  }
  return records;
}
