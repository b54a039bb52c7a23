import { constants, zstdCompressSync } from 'node:zlib';
import { bitsFor, pageEncoding, PageBytes, physicalType, RunLengths } from './column-pages';
import { ThriftWriter } from './thrift-compact';

/** A column of a file. Every value may be null. */
export interface ParquetColumn {
  readonly name: string;
  /** `time`: ms since the epoch, UTC. `integer`: whole, up to 2^53. */
  readonly type: 'integer' | 'time' | 'number' | 'boolean' | 'text' | 'bytes';
  /** Each value is a list of such values. */
  readonly list?: boolean;
  /** Texts that come again and again: each is kept once a row group. */
  readonly repeats?: boolean;
}

export type ParquetValue = number | boolean | string | Uint8Array | null;

/** What the foot of the file says of a column of a row group. */
export interface ChunkMeta {
  readonly column: ParquetColumn;
  readonly values: number;
  readonly offset: number;
  readonly dictionaryOffset: number | undefined;
  readonly rawBytes: number;
  readonly packedBytes: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

const codecLevel = { [constants.ZSTD_c_compressionLevel]: 1 };
/** Output is gathered in pieces of this size; the usual 16 KB cost more than compressing. */
const pieceBytesMax = 1 << 22;
/** Distinct texts of a row group; with more the column is written as it is. */
const dictionaryMax = 1 << 16;
const physicalOf = { integer: physicalType.int64, time: physicalType.int64, number: physicalType.double, boolean: physicalType.boolean, text: physicalType.bytes, bytes: physicalType.bytes } as const;
export const physicalTypeOf = (column: ParquetColumn): number => physicalOf[column.type];

/** Gathers one column of a row group and gives it as one page. Its memory is used again for the next row group. */
export class ColumnChunk {
  private readonly definitions = new RunLengths();
  private readonly repetitions = new RunLengths();
  private readonly values = new PageBytes();
  private readonly codes = new RunLengths();
  private readonly codeByText = new Map<string, number>();
  private readonly page = new PageBytes();
  private readonly isCoded: boolean;
  private readonly present: number;
  private bits = 0;
  private bitCount = 0;
  private min: number | undefined;
  private max: number | undefined;

  /** About what its values take. */
  get bytes(): number { return this.values.length; }

  constructor(readonly column: ParquetColumn) {
    this.isCoded = column.repeats === true && column.type === 'text';
    // null, empty list, null within a list, value: a plain column knows null and value only.
    this.present = column.list === true ? 3 : 1;
  }

  add(value: ParquetValue): void {
    this.definitions.push(value === null ? 0 : this.present);
    if (value !== null) this.put(value);
  }

  addList(values: readonly ParquetValue[] | Float64Array | null): void {
    const { definitions, repetitions, present } = this;
    if (values === null || values.length === 0) {
      definitions.push(values === null ? 0 : 1);
      repetitions.push(0);
      return;
    }
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as ParquetValue;
      const isNull = value === null || Number.isNaN(value);
      definitions.push(isNull ? present - 1 : present);
      repetitions.push(index === 0 ? 0 : 1);
      if (!isNull) this.put(value);
    }
  }

  /** Hands the pages to `write`, which gives where they begin, and empties the chunk. */
  take(write: (bytes: Uint8Array) => number): ChunkMeta {
    const { column, definitions, page } = this, values = definitions.length, isCoded = this.isCoded && this.codeByText.size <= dictionaryMax;
    if (this.bitCount > 0) { this.values.byte(this.bits); this.bits = 0; this.bitCount = 0; }
    let rawBytes = 0, packedBytes = 0;
    const send = (body: Buffer, head: (header: ThriftWriter) => void, kind: number): number => {
      const packed = zstdCompressSync(body, { params: codecLevel, chunkSize: Math.min(pieceBytesMax, 1_024 + (body.length >>> 1)) });
      const header = new ThriftWriter().i32(1, kind).i32(2, body.length).i32(3, packed.length);
      head(header);
      const headBytes = header.finish(), offset = write(headBytes);
      write(packed);
      rawBytes += headBytes.length + body.length;
      packedBytes += headBytes.length + packed.length;
      return offset;
    };
    let dictionaryOffset: number | undefined;
    if (isCoded) {
      page.clear();
      for (const text of this.codeByText.keys()) page.text(text);
      dictionaryOffset = send(page.view(), (header) => header.struct(7, () => { header.i32(1, this.codeByText.size).i32(2, pageEncoding.plain); }), 2);
    }
    page.clear();
    if (column.list === true) this.writeLevels(this.repetitions, 1);
    this.writeLevels(definitions, this.present);
    if (isCoded) {
      const bits = Math.max(1, bitsFor(this.codeByText.size - 1));
      page.byte(bits);
      this.codes.writeTo(page, bits);
    } else if (this.isCoded) {
      const texts = [...this.codeByText.keys()];
      this.codes.each((code) => { page.text(texts[code] ?? ''); });
    } else page.raw(this.values.view());
    const offset = send(page.view(), (header) => header.struct(5, () => {
      header.i32(1, values).i32(2, isCoded ? pageEncoding.dictionary : pageEncoding.plain).i32(3, pageEncoding.rle).i32(4, pageEncoding.rle);
    }), 0);
    const meta = { column, values, offset, dictionaryOffset, rawBytes, packedBytes, min: this.min, max: this.max };
    this.clear();
    return meta;
  }

  private put(value: Exclude<ParquetValue, null>): void {
    if (typeof value === 'string') {
      if (this.isCoded) this.codes.push(this.codeOf(value));
      else this.values.text(value);
    } else if (typeof value === 'boolean') this.putBit(value);
    else if (typeof value !== 'number') {
      this.values.u32(value.length);
      this.values.raw(value);
    } else if (this.column.type === 'number') this.values.double(value);
    else {
      this.values.int64(value);
      if (this.min === undefined || value < this.min) this.min = value;
      if (this.max === undefined || value > this.max) this.max = value;
    }
  }

  private codeOf(text: string): number {
    const known = this.codeByText.get(text);
    if (known !== undefined) return known;
    const code = this.codeByText.size;
    this.codeByText.set(text, code);
    return code;
  }

  private putBit(value: boolean): void {
    this.bits |= Number(value) << this.bitCount;
    if (++this.bitCount < 8) return;
    this.values.byte(this.bits);
    this.bits = 0;
    this.bitCount = 0;
  }

  private writeLevels(levels: RunLengths, max: number): void {
    const { page } = this, at = page.length;
    page.u32(0);
    levels.writeTo(page, bitsFor(max));
    page.setU32(page.length - at - 4, at);
  }

  /** Forgets what was gathered. */
  clear(): void {
    for (const part of [this.definitions, this.repetitions, this.values, this.codes]) part.clear();
    this.codeByText.clear();
    this.min = this.max = undefined;
  }
}
