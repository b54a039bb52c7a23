import { textFromBytes, WeirError } from '@weir/contracts';

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
    if (this.at >= this.bytes.length) throw new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${this.at}`);
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

  double(): number {
    if (this.at + 8 > this.bytes.length) throw new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${this.at}`);
    const value = this.view.getFloat64(this.at);
    this.at += 8;
    return value;
  }

  text(): string {
    const block = this.block();
    if (block.length > plainTextMax) return textFromBytes(block);
    let text = '';
    for (let i = 0; i < block.length; i++) {
      const byte = block[i] as number;
      if (byte >= 0x80) return textFromBytes(block);
      text += fromCharCode(byte);
    }
    return text;
  }

  /** Behind the end there is nothing: what was read there does not count. */
  private moveTo(next: number): void {
    if (next > this.bytes.length) throw new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${this.bytes.length}`);
    this.at = next;
  }

  block(): Uint8Array {
    const length = this.varint();
    if (this.at + length > this.bytes.length) throw new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${this.at}`);
    const block = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return block;
  }
}
