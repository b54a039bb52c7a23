import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { WeirError } from '@weir/contracts';
import type { ChunkMeta, ParquetColumn } from './column-chunk';
import { readThrift, type ThriftStruct, type ThriftValue } from './thrift-compact';

export interface RowGroup { readonly rows: number; readonly chunks: readonly ChunkMeta[] }

const tailBytes = 8;
/** What our files say of who wrote them. */
export const writerName = 'weir';

/** Row groups of a file, as its foot tells; undefined when another writer made it, whose types may differ, or its columns are not these, in this order. @throws WeirError WEIR_HISTORY_FAILED for what is no such file. */
export function readRowGroups(path: string, columns: readonly ParquetColumn[]): readonly RowGroup[] | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file), tail = readAt(file, size - tailBytes, tailBytes);
    if (size < 2 * tailBytes || tail.toString('latin1', 4) !== 'PAR1') throw new WeirError('WEIR_HISTORY_FAILED', `${path} is no Parquet file`);
    const length = tail.readUInt32LE(0), foot = readThrift(readAt(file, size - tailBytes - length, length));
    const writtenBy = foot.get(6);
    if (!Buffer.isBuffer(writtenBy) || writtenBy.toString('utf8') !== writerName) return undefined;
    return list(foot.get(4)).map((group) => ({ rows: number(struct(group).get(3)), chunks: list(struct(group).get(1)).map((chunk, index) => chunkMeta(struct(struct(chunk).get(3)), columns[index])) }));
  } catch (error) {
    if (error instanceof OtherColumns) return undefined;
    throw error;
  } finally { closeSync(file); }
}

class OtherColumns extends Error {}

function chunkMeta(meta: ThriftStruct, column: ParquetColumn | undefined): ChunkMeta {
  const [name] = list(meta.get(3));
  if (column === undefined || !Buffer.isBuffer(name) || name.toString('utf8') !== column.name || number(meta.get(4)) !== 6) throw new OtherColumns();
  const statistics = meta.get(12), dictionary = meta.get(11);
  const bound = (field: number): number | undefined => { const bytes = statistics === undefined ? undefined : struct(statistics).get(field); return Buffer.isBuffer(bytes) && bytes.length === 8 && column.type !== 'number' ? Number(bytes.readBigInt64LE()) : undefined; };
  return {
    column, values: number(meta.get(5)), offset: number(meta.get(9)), dictionaryOffset: dictionary === undefined ? undefined : number(dictionary),
    rawBytes: number(meta.get(6)), packedBytes: number(meta.get(7)), max: bound(5), min: bound(6),
  };
}

function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, length));
  if (at < 0 || readSync(file, bytes, 0, bytes.length, at) !== bytes.length) throw new WeirError('WEIR_HISTORY_FAILED', 'a Parquet file is cut off');
  return bytes;
}

const number = (value: ThriftValue | undefined): number => { if (typeof value !== 'number') throw new OtherColumns(); return value; };
const list = (value: ThriftValue | undefined): readonly ThriftValue[] => { if (!Array.isArray(value)) throw new OtherColumns(); return value as readonly ThriftValue[]; };
const struct = (value: ThriftValue | undefined): ThriftStruct => { if (!(value instanceof Map)) throw new OtherColumns(); return value; };
