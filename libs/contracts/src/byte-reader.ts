import { WeirError } from './errors';
import { textFromBytes } from './text-bytes';

/** ASCII texts up to here are put together from their units. */
const plainTextMax = 127;
const { fromCharCode } = String;

/** Every `stride`-th place of an array from `at` on, `count` of them. */
export interface Places { readonly at: number; readonly stride: number; readonly count: number }

/** Reads what `ByteWriter` wrote. @throws WeirError WEIR_STORE_FAILED at the end of the bytes. */
export class ByteReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean { return this.at >= this.bytes.length; }

  byte(): number {
    if (this.at >= this.bytes.length) throw endsEarly(this.at);
    return this.bytes[this.at++] as number;
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    return value;
  }

  signed(): number {
    const first = this.byte();
    let magnitude = (first & 0x7f) >> 1;
    if (first >= 0x80) magnitude += this.varint() * 0x40;
    return first & 1 ? -magnitude : magnitude;
  }

  zigzag(): number { const value = this.varint(); return value % 2 === 1 ? -(value + 1) / 2 : value / 2; }

  /** Running sums of whole numbers times `scale`, from `start` on, put at every `stride`-th place from `at` on. */
  sums(into: number[], { at, stride, count }: Places, { start, scale }: { readonly start: number; readonly scale: number }): void {
    const { bytes } = this;
    let sum = start, next = this.at;
    for (let place = at, stop = at + count * stride; place < stop; place += stride) {
      let byte = bytes[next++] as number, value = byte & 0x7f;
      for (let digit = 0x80; byte >= 0x80; digit *= 0x80) {
        byte = bytes[next++] as number;
        value += (byte & 0x7f) * digit;
      }
      into[place] = sum += value * scale;
    }
    this.moveTo(next);
  }

  /** As many signed numbers, put likewise. */
  signeds(into: number[], { at, stride, count }: Places): void {
    const { bytes } = this;
    let next = this.at;
    for (let place = at, stop = at + count * stride; place < stop; place += stride) {
      let byte = bytes[next++] as number, value = (byte & 0x7f) >> 1;
      const isNegative = (byte & 1) === 1;
      for (let digit = 0x40; byte >= 0x80; digit *= 0x80) {
        byte = bytes[next++] as number;
        value += (byte & 0x7f) * digit;
      }
      into[place] = isNegative ? -value : value;
    }
    this.moveTo(next);
  }

  /** Big-endian. */
  double(): number { return this.view.getFloat64(this.pass(8)); }
  littleDouble(): number { return this.view.getFloat64(this.pass(8), true); }

  text(): string { return this.chars(this.varint()); }

  /** The text of `textToBytes` in so many bytes. */
  chars(count: number): string {
    const { bytes } = this, from = this.pass(count), until = this.at;
    if (count > plainTextMax) return textFromBytes(bytes.subarray(from, until));
    let text = '';
    for (let at = from; at < until; at++) {
      const byte = bytes[at] as number;
      if (byte >= 0x80) return textFromBytes(bytes.subarray(from, until));
      text += fromCharCode(byte);
    }
    return text;
  }

  /** A length and the bytes, as they lie here. */
  block(): Uint8Array { return this.raw(this.varint()); }

  /** So many bytes, as they lie here. */
  raw(count: number): Uint8Array { return this.bytes.subarray(this.pass(count), this.at); }

  skip(count: number): void { this.pass(count); }

  /** Goes on by `count` bytes, which have to be there; gives where they begin. */
  private pass(count: number): number {
    const from = this.at;
    if (from + count > this.bytes.length) throw endsEarly(from);
    this.at = from + count;
    return from;
  }

  /** Behind the end there is nothing: what was read there does not count. */
  private moveTo(next: number): void {
    if (next > this.bytes.length) throw endsEarly(this.bytes.length);
    this.at = next;
  }
}

const endsEarly = (at: number): WeirError => new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${at}`);
