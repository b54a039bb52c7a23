import { WeirError } from '@weir/contracts';

const decoder = new TextDecoder();

/** Reads what `ByteWriter` wrote. @throws WeirError WEIR_STORE_FAILED at the end of the bytes. */
export class ByteReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean { return this.at >= this.bytes.length; }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${this.at}`);
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  signed(): number {
    const first = this.byte();
    let magnitude = (first & 0x7f) >> 1;
    if (first >= 0x80) magnitude += this.varint() * 0x40;
    return first & 1 ? -magnitude : magnitude;
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) throw new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${this.at}`);
    const value = this.view.getFloat64(this.at);
    this.at += 8;
    return value;
  }

  text(): string { return decoder.decode(this.block()); }

  block(): Uint8Array {
    const length = this.varint();
    if (this.at + length > this.bytes.length) throw new WeirError('WEIR_STORE_FAILED', `packed state ends early, at byte ${this.at}`);
    const block = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return block;
  }
}
