import { textToBytes } from './text-bytes';

/** Texts up to here (whose length is one byte) are written unit by unit where they are ASCII. */
const plainTextMax = 127;
const { floor } = Math;

/** Appends numbers and texts to a growing buffer that is used again; every value has one encoding only. */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A non-negative safe integer, 7 bits a byte, lowest first. */
  varint(value: number): void {
    this.reserve(10);
    const { bytes } = this;
    let at = this.length;
    let rest = value;
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest % 0x80) | 0x80;
      rest = floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.length = at;
  }

  /** A safe integer of either sign: magnitude with the sign in the lowest bit, split so that 2^53 still fits. */
  signed(value: number): void {
    const negative = value < 0;
    const magnitude = negative ? -value : value;
    const low = magnitude % 0x40;
    const rest = (magnitude - low) / 0x40;
    this.reserve(1);
    this.bytes[this.length++] = (rest > 0 ? 0x80 : 0) | (low << 1) | (negative ? 1 : 0);
    if (rest > 0) this.varint(rest);
  }

  /** An integer of either sign within ±2^52: 0, -1, 1, -2 … as 0, 1, 2, 3 …. */
  zigzag(value: number): void { this.varint(value < 0 ? -2 * value - 1 : 2 * value); }

  /** Big-endian. */
  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value);
    this.length += 8;
  }

  littleDouble(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** A length in bytes and the bytes of `textToBytes`. */
  text(value: string): void {
    if (value.length > plainTextMax || !this.ascii(value)) this.block(textToBytes(value));
  }

  /** A text of ASCII, as most are, without a buffer of its own: its length and `more`, then its units; false, and nothing written, for any other. */
  ascii(value: string, more = 0): boolean {
    const { length } = value;
    this.reserve(10 + length);
    const start = this.length;
    this.varint(length + more);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) { this.length = start; return false; }
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  /** A length and the bytes. */
  block(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** The bytes alone: whoever reads knows how many. */
  raw(value: Uint8Array): void {
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

  /** What was written, as it lies here: gone with the next write. */
  written(): Uint8Array { return this.bytes.subarray(0, this.length); }
  reset(): void { this.length = 0; }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
