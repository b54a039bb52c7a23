import { jsonTextField } from './proto-writer';

const nothing = Buffer.alloc(0);

/** Reads the wire format of Protobuf. `next` gives the number of the next field, 0 at the end; then one of the others takes its value, or `skip`. @throws RangeError past the end. */
export class ProtoReader {
  private at = 0;
  private end = 0;
  private wire = 0;
  private isJson = false;
  private bytes: Buffer = nothing;

  over(bytes: Uint8Array): this {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.length;
    return this;
  }

  next(): number {
    if (this.at >= this.end) return 0;
    const tag = this.uint();
    this.wire = tag & 7;
    const field = tag < 2 ** 31 ? tag >>> 3 : Math.floor(tag / 8);
    this.isJson = field > jsonTextField;
    return this.isJson ? field - jsonTextField : field;
  }

  uint(): number {
    // Nearly all are of one byte: tags, lengths, flags.
    const first = this.at < this.end ? this.bytes[this.at] as number : 128;
    if (first < 128) {
      this.at += 1;
      return first;
    }
    let value = 0, scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  /** An `int64`; a safe integer. */
  int(): number {
    let value = 0, scale = 1, whole = 0n, shift = 0n;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      whole |= BigInt(byte & 127) << shift;
      if (byte < 128) return shift < 63n ? value : Number(BigInt.asIntN(64, whole));
      scale *= 128;
      shift += 7n;
    }
  }

  sint(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  bool(): boolean { return this.uint() !== 0; }

  double(): number {
    const at = this.advance(8);
    return this.bytes.readDoubleLE(at);
  }

  text(): string {
    const length = this.uint(), at = this.advance(length);
    const text = this.bytes.toString('utf8', at, at + length);
    return this.isJson ? JSON.parse(text) as string : text;
  }

  /** A view, no copy. */
  raw(): Uint8Array {
    const length = this.uint(), at = this.advance(length);
    return this.bytes.subarray(at, at + length);
  }

  doubles(): Float64Array {
    const raw = this.raw();
    const values = new Float64Array(raw.length / 8);
    new Uint8Array(values.buffer).set(raw);
    return values;
  }

  sints(): number[] {
    const values: number[] = [], outer = this.enter();
    while (this.at < this.end) values.push(this.sint());
    this.leave(outer);
    return values;
  }

  /** Goes into a message in the message; `next` ends with it. Give what it answers to `leave`. */
  enter(): number {
    const length = this.uint(), outer = this.end;
    const at = this.advance(length);
    this.at = at;
    this.end = at + length;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** A field that is not known here. */
  skip(): void {
    if (this.wire === 0) this.uint();
    else if (this.wire === 1) this.advance(8);
    else if (this.wire === 2) this.advance(this.uint());
    else if (this.wire === 5) this.advance(4);
    else throw new RangeError(`wire type ${this.wire}`);
  }

  private byte(): number { return this.bytes[this.advance(1)] as number; }

  private advance(count: number): number {
    const at = this.at;
    if (at + count > this.end) throw new RangeError(`${count} bytes expected at ${at} of ${this.end}`);
    this.at = at + count;
    return at;
  }
}
