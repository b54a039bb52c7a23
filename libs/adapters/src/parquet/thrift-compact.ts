/** Writes structures in Thrift's compact protocol, which the heads of a Parquet file are in. Fields of a structure in ascending order. */
export class ThriftWriter {
  private readonly bytes: number[] = [];
  private readonly lastFields: number[] = [0];

  i32(field: number, value: number): this { return this.head(field, 5).varint(zigzag(value)); }
  i64(field: number, value: number): this { return this.head(field, 6).varint(zigzag(value)); }
  text(field: number, value: string): this { return this.binary(field, Buffer.from(value, 'utf8')); }
  binary(field: number, value: Uint8Array): this { return this.head(field, 8).raw(value); }
  /** A boolean's value is in its type. */
  flag(field: number, value: boolean): this { return this.head(field, value ? 1 : 2); }

  struct(field: number, write: () => void): this {
    this.head(field, 12);
    return this.body(write);
  }
  structs<T>(field: number, items: readonly T[], write: (item: T) => void): this {
    this.list(field, items.length, 12);
    for (const item of items) this.body(() => { write(item); });
    return this;
  }
  i32s(field: number, items: readonly number[]): this {
    this.list(field, items.length, 5);
    for (const item of items) this.varint(zigzag(item));
    return this;
  }
  texts(field: number, items: readonly string[]): this {
    this.list(field, items.length, 8);
    for (const item of items) this.raw(Buffer.from(item, 'utf8'));
    return this;
  }

  /** Ends the outermost structure. */
  finish(): Uint8Array {
    this.bytes.push(0);
    return Uint8Array.from(this.bytes);
  }

  private body(write: () => void): this {
    this.lastFields.push(0);
    write();
    this.lastFields.pop();
    this.bytes.push(0);
    return this;
  }
  private head(field: number, type: number): this {
    const delta = field - (this.lastFields.at(-1) ?? 0);
    this.bytes.push((delta << 4) | type);
    this.lastFields[this.lastFields.length - 1] = field;
    return this;
  }
  private list(field: number, size: number, type: number): void {
    this.head(field, 9);
    if (size < 15) this.bytes.push((size << 4) | type);
    else {
      this.bytes.push(0xf0 | type);
      this.varint(size);
    }
  }
  private raw(value: Uint8Array): this {
    this.varint(value.length);
    for (const byte of value) this.bytes.push(byte);
    return this;
  }
  /** Up to 2^53. */
  private varint(value: number): this {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.bytes.push((rest % 128) | 128);
    this.bytes.push(rest);
    return this;
  }
}

const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);

/** A structure read: values by field. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;
export type ThriftValue = number | boolean | Buffer | readonly ThriftValue[] | ThriftStruct;

/** Reads one structure. @throws RangeError where the bytes end early or hold a type that no Parquet head has. */
export function readThrift(bytes: Buffer): ThriftStruct {
  let at = 0;
  const varint = (): number => {
    let value = 0, scale = 1;
    for (;;) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  const signed = (): number => { const value = varint(); return value % 2 === 0 ? value / 2 : -(value + 1) / 2; };
  const valueOf = (type: number): ThriftValue => {
    switch (type) {
      case 1: return true;
      case 2: return false;
      case 3: return bytes.readInt8(at++);
      case 4: case 5: case 6: return signed();
      case 7: at += 8; return bytes.readDoubleLE(at - 8);
      case 8: { const length = varint(); at += length; return bytes.subarray(at - length, at); }
      case 9: case 10: {
        const head = bytes.readUInt8(at++), size = head >>> 4 === 15 ? varint() : head >>> 4, element = head & 15;
        return Array.from({ length: size }, () => (element <= 2 ? bytes.readUInt8(at++) === 1 : valueOf(element)));
      }
      case 12: return structure();
      default: throw new RangeError(`type ${type} in a Parquet head`);
    }
  };
  const structure = (): ThriftStruct => {
    const fields = new Map<number, ThriftValue>();
    for (let last = 0; ; ) {
      const head = bytes.readUInt8(at++);
      if (head === 0) return fields;
      last = head >>> 4 === 0 ? signed() : last + (head >>> 4);
      fields.set(last, valueOf(head & 15));
    }
  };
  return structure();
}
