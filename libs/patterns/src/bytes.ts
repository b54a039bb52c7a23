import { textFromBytes, textToBytes } from '@weir/contracts';

/** Packs numbers and texts into a growing buffer: integers as variable-length, everything little-endian. */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** A non-negative safe integer. */
  uint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) { this.bytes[this.length++] = (rest % 0x80) | 0x80; rest = Math.floor(rest / 0x80); }
    this.bytes[this.length++] = rest;
  }

  /** A safe integer of either sign, within ±2^52. */
  int(value: number): void { this.uint(value < 0 ? -2 * value - 1 : 2 * value); }

  byte(value: number): void { this.reserve(1); this.bytes[this.length++] = value; }

  double(value: number): void { this.reserve(8); this.view.setFloat64(this.length, value, true); this.length += 8; }

  text(value: string): void {
    if (value.length > shortTextMax || !this.ascii(value)) this.blob(textToBytes(value));
  }

  /** Writes a short text of ASCII, as most ids are, without a buffer of its own; false, and nothing written, for any other. */
  private ascii(value: string): boolean {
    const { length } = value;
    this.reserve(length + 1);
    const from = this.length;
    this.bytes[from] = length;
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at);
      if (code >= 0x80) return false;
      this.bytes[from + 1 + at] = code;
    }
    this.length = from + 1 + length;
    return true;
  }

  blob(value: Uint8Array): void {
    this.uint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /** A copy of what was written; the writer starts anew. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` wrote. @throws RangeError beyond the end. */
export class ByteReader {
  private at = 0;
  private readonly view: DataView;
  constructor(private readonly bytes: Uint8Array) { this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength); }

  get isAtEnd(): boolean { return this.at === this.bytes.length; }

  uint(): number {
    let value = 0, scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  int(): number { const value = this.uint(); return value % 2 === 1 ? -(value + 1) / 2 : value / 2; }

  byte(): number { return this.view.getUint8(this.at++); }

  double(): number { const value = this.view.getFloat64(this.at, true); this.at += 8; return value; }

  text(): string { return textFromBytes(this.blob()); }

  blob(): Uint8Array {
    const length = this.uint();
    if (this.at + length > this.bytes.length) throw new RangeError(`${length} bytes at ${this.at} of ${this.bytes.length}`);
    const blob = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return blob;
  }
}

const shortTextMax = 127;
