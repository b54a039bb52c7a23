/** Number of the field that a text goes to as JSON where it is no whole Unicode: its own plus this. */
export const jsonTextField = 64;

/** What is taken out lies together in blocks of this size, each of them dropped when all in it are: records are made by the thousand and soon gone. A larger one has memory of its own. */
const blockBytes = 65_536, shareBytesMax = 8_192;

/** Writes the wire format of Protobuf. What is written is copied out once, by `take`; the buffer is used again. */
export class ProtoWriter {
  private bytes = Buffer.allocUnsafe(65_536);
  private view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  private at = 0;
  private block = Buffer.alloc(0);
  private blockAt = 0;

  /** All that was written since the last call. */
  take(): Uint8Array {
    const length = this.at;
    const taken = length > shareBytesMax ? Buffer.allocUnsafeSlow(length) : this.share(length);
    this.bytes.copy(taken, 0, 0, length);
    this.at = 0;
    return taken;
  }

  uint(field: number, value: number): void {
    this.ensure(20);
    this.varint(field * 8);
    this.varint(value);
  }

  /** Zigzag; a safe integer. */
  sint(field: number, value: number): void { this.uint(field, value >= 0 ? value * 2 : -value * 2 - 1); }

  /** An `int64`; negative ones take ten bytes. */
  int(field: number, value: number): void {
    if (value >= 0) { this.uint(field, value); return; }
    this.ensure(20);
    this.varint(field * 8);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.bytes[this.at++] = Number(rest & 127n) | 128;
    this.bytes[this.at++] = Number(rest);
  }

  /** Bytes as they are, fields with their tags. */
  encoded(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Left out where false, as proto3 has it. */
  bool(field: number, value: boolean): void { if (value) this.uint(field, 1); }

  double(field: number, value: number): void {
    this.ensure(20);
    this.varint(field * 8 + 1);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  text(field: number, value: string): void {
    const { length } = value;
    this.ensure(length * 3 + 20);
    const start = this.at;
    this.varint(field * 8 + 2);
    if (length < 128) {
      // Nearly all texts are short and ASCII: written without an encoder.
      const { bytes } = this;
      let at = this.at;
      bytes[at++] = length;
      let index = 0;
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (index === length) { this.at = at; return; }
    }
    if (/\p{Surrogate}/u.test(value)) {
      this.at = start;
      this.text(field + jsonTextField, JSON.stringify(value));
      return;
    }
    this.varint(Buffer.byteLength(value, 'utf8'));
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  raw(field: number, value: Uint8Array): void {
    this.ensure(value.length + 20);
    this.varint(field * 8 + 2);
    this.varint(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Packed. Little-endian as they lie in memory. */
  doubles(field: number, values: Float64Array): void {
    this.raw(field, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** Packed, zigzag. */
  sints(field: number, values: readonly number[]): void {
    const start = this.begin(field);
    this.ensure(values.length * 10);
    for (const value of values) this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
    this.end(start);
  }

  /** Begins a message in the message; give what it answers to `end`. */
  begin(field: number): number {
    this.ensure(20);
    this.varint(field * 8 + 2);
    this.at += 1;
    return this.at;
  }

  end(start: number): void {
    const length = this.at - start;
    if (length < 128) { this.bytes[start - 1] = length; return; }
    const more = length < 16_384 ? 1 : length < 2_097_152 ? 2 : length < 268_435_456 ? 3 : 4;
    this.ensure(more);
    this.bytes.copyWithin(start + more, start, this.at);
    this.at = start - 1;
    this.varint(length);
    this.at = start + more + length;
  }

  private share(length: number): Buffer {
    if (this.blockAt + length > this.block.length) {
      this.block = Buffer.allocUnsafeSlow(blockBytes);
      this.blockAt = 0;
    }
    return this.block.subarray(this.blockAt, (this.blockAt += length));
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.bytes[this.at++] = (rest % 128) | 128;
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.bytes[this.at++] = rest;
  }

  private ensure(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + count));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.byteLength);
  }
}
