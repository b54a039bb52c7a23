import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { ColumnChunk, physicalTypeOf, type ChunkMeta, type ParquetColumn } from './column-chunk';
import { pageEncoding } from './column-pages';
import { writerName, type RowGroup } from './parquet-foot';
import { ThriftWriter } from './thrift-compact';

const magic = Buffer.from('PAR1');
const repetition = Object.freeze({ optional: 1, repeated: 2 });
const convertedType = Object.freeze({ text: 0, list: 3, timestampMs: 9 });
const codecZstd = 6;

/**
 * Writes one Parquet file, a row group at a time: one page a column, zstd. For bytes that are there already (a log's records, packed decisions) it costs a
 * fraction of handing every value to a database; what the file holds is plain Parquet.
 * @source parquet.apache.org, parquet-format 2.9
 */
export class ParquetWriter {
  readonly chunks: readonly ColumnChunk[];
  private readonly file: number;
  private readonly groups: RowGroup[] = [];
  private at = 0;

  constructor(path: string, private readonly columns: readonly ParquetColumn[], chunks?: readonly ColumnChunk[]) {
    this.chunks = chunks ?? columns.map((column) => new ColumnChunk(column));
    this.file = openSync(path, 'w');
    this.write(magic);
  }

  /** Ends the row group: what is in the chunks goes into the file. */
  endGroup(rows: number): void {
    if (rows > 0) this.groups.push({ rows, chunks: this.chunks.map((chunk) => chunk.take((bytes) => this.write(bytes))) });
  }

  /** Takes the row groups of another file as they are. */
  copyGroups(path: string, groups: readonly RowGroup[]): void {
    const from = openSync(path, 'r');
    try {
      for (const { rows, chunks } of groups) {
        this.groups.push({ rows, chunks: chunks.map((chunk) => {
          const begin = chunk.dictionaryOffset ?? chunk.offset, shift = this.copy(from, begin, chunk.packedBytes) - begin;
          return { ...chunk, offset: chunk.offset + shift, dictionaryOffset: chunk.dictionaryOffset === undefined ? undefined : chunk.dictionaryOffset + shift };
        }) });
      }
    } finally { closeSync(from); }
  }

  /** The file is whole and on the disk. */
  finish(): void {
    const foot = this.foot(), length = Buffer.alloc(4);
    length.writeUInt32LE(foot.length);
    this.write(foot);
    this.write(length);
    this.write(magic);
    fsyncSync(this.file);
    closeSync(this.file);
  }

  /** Gives up; what was written is of no use. */
  abandon(): void {
    try { closeSync(this.file); } catch { /* it was closed already */ }
  }

  private write(bytes: Uint8Array): number {
    const begin = this.at;
    for (let done = 0; done < bytes.length; ) done += writeSync(this.file, bytes, done, bytes.length - done);
    this.at += bytes.length;
    return begin;
  }

  private copy(from: number, at: number, length: number): number {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const read = readSync(from, bytes, done, length - done, at + done);
      if (read === 0) throw new RangeError('the file ends early');
      done += read;
    }
    return this.write(bytes);
  }

  private foot(): Uint8Array {
    const foot = new ThriftWriter();
    foot.i32(1, 1).structs(2, schemaOf(this.columns), (element) => {
      if (element.type !== undefined) foot.i32(1, element.type);
      if (element.repetition !== undefined) foot.i32(3, element.repetition);
      foot.text(4, element.name);
      if (element.children !== undefined) foot.i32(5, element.children);
      if (element.converted !== undefined) foot.i32(6, element.converted);
    });
    foot.i64(3, this.groups.reduce((sum, { rows }) => sum + rows, 0));
    foot.structs(4, this.groups, ({ rows, chunks }) => {
      foot.structs(1, chunks, (chunk) => {
        foot.i64(2, chunk.dictionaryOffset ?? chunk.offset).struct(3, () => { chunkMeta(foot, chunk); });
      });
      foot.i64(2, chunks.reduce((sum, { rawBytes }) => sum + rawBytes, 0)).i64(3, rows);
    });
    return foot.text(6, writerName).finish();
  }
}

function chunkMeta(foot: ThriftWriter, chunk: ChunkMeta): void {
  const { column, dictionaryOffset, min, max } = chunk;
  foot.i32(1, physicalTypeOf(column)).i32s(2, dictionaryOffset === undefined ? [pageEncoding.plain, pageEncoding.rle] : [pageEncoding.plain, pageEncoding.rle, pageEncoding.dictionary]);
  foot.texts(3, column.list === true ? [column.name, 'list', 'element'] : [column.name]).i32(4, codecZstd).i64(5, chunk.values).i64(6, chunk.rawBytes).i64(7, chunk.packedBytes).i64(9, chunk.offset);
  if (dictionaryOffset !== undefined) foot.i64(11, dictionaryOffset);
  if (min !== undefined && max !== undefined) foot.struct(12, () => { foot.binary(5, int64Bytes(max)).binary(6, int64Bytes(min)); });
}

interface SchemaElement { readonly name: string; readonly type?: number; readonly repetition?: number; readonly children?: number; readonly converted?: number }

function schemaOf(columns: readonly ParquetColumn[]): SchemaElement[] {
  const elements: SchemaElement[] = [{ name: 'history', children: columns.length }];
  for (const column of columns) {
    const leaf = (name: string): SchemaElement => ({ name, type: physicalTypeOf(column), repetition: repetition.optional, ...convertedOf(column) });
    if (column.list !== true) elements.push(leaf(column.name));
    else elements.push({ name: column.name, repetition: repetition.optional, children: 1, converted: convertedType.list }, { name: 'list', repetition: repetition.repeated, children: 1 }, leaf('element'));
  }
  return elements;
}

const convertedOf = ({ type }: ParquetColumn): { converted?: number } => (type === 'text' ? { converted: convertedType.text } : type === 'time' ? { converted: convertedType.timestampMs } : {});

function int64Bytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}
