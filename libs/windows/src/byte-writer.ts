import { textToBytes } from '@weir/contracts';

/** Texts up to here (whose length is one byte) are written unit by unit where they are ASCII. */
const plainTextMax = 127;
const { floor } = Math;

/** Appends numbers and text to a growing buffer; every value has one encoding only. */
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

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value);
    this.length += 8;
  }

  text(value: string): void {
    const { length } = value;
    if (length > plainTextMax) { this.block(textToBytes(value)); return; }
    this.reserve(length + 1);
    const { bytes } = this;
    const at = this.length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) { this.block(textToBytes(value)); return; }
      bytes[at + 1 + i] = code;
    }
    bytes[at] = length;
    this.length = at + 1 + length;
  }

  /** A length and the bytes. */
  block(value: Uint8Array): void {
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  finish(): Uint8Array { return this.bytes.slice(0, this.length); }
  reset(): void { this.length = 0; }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
