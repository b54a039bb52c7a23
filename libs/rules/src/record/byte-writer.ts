/** A growing buffer that is used again. */
export class ByteWriter {
  private bytes = new Uint8Array(4_096);
  private view = new DataView(this.bytes.buffer);
  private at = 0;

  reset(): void { this.at = 0; }
  /** What was written, as it lies here: gone with the next write. */
  written(): Uint8Array { return this.bytes.subarray(0, this.at); }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.at++] = value;
  }

  /** A non-negative integer up to 2^53, seven bits a byte. */
  varint(value: number): void {
    this.ensure(8);
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.at++] = (rest % 128) | 128;
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.bytes[this.at++] = rest;
  }

  float(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** Length in bytes, then UTF-8; texts of ASCII, which most are, without an encoder. Lone surrogates survive: length 0 and JSON follow. */
  text(value: string): void {
    const { length } = value;
    this.ensure(8 + length * 3);
    const start = this.at;
    this.varint(length + 1);
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) {
        this.at = start;
        this.encoded(value);
        return;
      }
      this.bytes[this.at++] = code;
    }
  }

  raw(source: Uint8Array): void {
    this.ensure(source.length);
    this.bytes.set(source, this.at);
    this.at += source.length;
  }

  private encoded(value: string): void {
    const isWhole = !/\p{Surrogate}/u.test(value);
    if (!isWhole) this.varint(0);
    const utf8 = Buffer.from(isWhole ? value : JSON.stringify(value), 'utf8');
    this.varint(utf8.length + 1);
    this.raw(utf8);
  }

  private ensure(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + count));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` wrote. @throws RangeError past the end. */
export class ByteReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number { return this.view.getUint8(this.at++); }

  varint(): number {
    let value = 0, scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  float(): number {
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  text(): string {
    const length = this.varint();
    if (length === 0) return JSON.parse(this.text()) as string;
    return Buffer.from(this.raw(length - 1)).toString('utf8');
  }

  skipText(): void {
    const length = this.varint();
    if (length === 0) this.skipText();
    else this.skip(length - 1);
  }

  skip(count: number): void { this.at += count; }

  raw(count: number): Uint8Array {
    if (this.at + count > this.bytes.length) throw new RangeError(`${count} bytes expected at ${this.at} of ${this.bytes.length}`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}
