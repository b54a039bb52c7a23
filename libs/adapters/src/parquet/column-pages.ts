/** How the values of a column lie in a page. */
export const physicalType = Object.freeze({ boolean: 0, int64: 2, double: 5, bytes: 6 });
export const pageEncoding = Object.freeze({ plain: 0, rle: 3, dictionary: 8 });

/** Bytes that grow; used again for the next page. */
export class PageBytes {
  private bytes = Buffer.allocUnsafeSlow(1 << 16);
  length = 0;

  byte(value: number): void { this.reserve(1); this.bytes[this.length++] = value; }
  u32(value: number): void { this.reserve(4); this.length = this.bytes.writeUInt32LE(value, this.length); }
  double(value: number): void { this.reserve(8); this.length = this.bytes.writeDoubleLE(value, this.length); }
  /** A whole number up to ±2^53. */
  int64(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / 4_294_967_296);
    this.length = this.bytes.writeInt32LE(high, this.bytes.writeUInt32LE(value - high * 4_294_967_296, this.length));
  }
  varint(value: number): void {
    this.reserve(6);
    let rest = value;
    for (; rest >= 128; rest >>>= 7) this.bytes[this.length++] = (rest & 127) | 128;
    this.bytes[this.length++] = rest;
  }
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }
  /** Length, then the text in UTF-8. */
  text(value: string): void {
    this.reserve(4 + value.length * 3);
    const written = this.bytes.write(value, this.length + 4, 'utf8');
    this.bytes.writeUInt32LE(written, this.length);
    this.length += 4 + written;
  }
  /** Of what was written; valid until the next write. */
  view(): Buffer { return this.bytes.subarray(0, this.length); }
  setU32(value: number, at: number): void { this.bytes.writeUInt32LE(value, at); }
  clear(): void { this.length = 0; }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** Small numbers as runs of the same one: levels, and places in a dictionary. Numbers that change often are packed by their bits, eight at a time. */
export class RunLengths {
  private values = new Uint32Array(1 << 12);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  clear(): void { this.length = 0; }

  each(take: (value: number) => void): void {
    for (let at = 0; at < this.length; at++) take(this.values[at] as number);
  }

  /** In the hybrid of runs and packed bits that Parquet reads, each number in `bits` bits. */
  writeTo(into: PageBytes, bits: number): void {
    const { values, length } = this, bytesPerValue = Math.ceil(bits / 8);
    for (let at = 0; at < length; ) {
      const value = values[at] as number;
      let end = at + 1;
      while (end < length && values[end] === value) end++;
      if (end - at >= 8 || end === length) {
        into.varint((end - at) << 1);
        for (let byte = 0; byte < bytesPerValue; byte++) into.byte((value >>> (8 * byte)) & 255);
        at = end;
      } else at = this.writePacked(into, bits, at);
    }
  }

  /** Groups of eight until a run begins that is worth being one; gives where it goes on. */
  private writePacked(into: PageBytes, bits: number, from: number): number {
    const { values, length } = this;
    let end = from;
    while (end + 8 <= length && end - from < 504 && !this.isRun(end)) end += 8;
    if (end === from) end = Math.min(length, from + 8);
    const groups = Math.ceil((end - from) / 8);
    into.varint((groups << 1) | 1);
    let held = 0, heldBits = 0;
    for (let at = from; at < from + groups * 8; at++) {
      held |= (at < length ? (values[at] as number) : 0) << heldBits;
      heldBits += bits;
      for (; heldBits >= 8; heldBits -= 8) { into.byte(held & 255); held >>>= 8; }
    }
    return Math.min(length, from + groups * 8);
  }

  private isRun(at: number): boolean {
    const { values } = this, value = values[at];
    for (let next = at + 1; next < at + 8; next++) if (values[next] !== value) return false;
    return true;
  }
}

/** Bits that hold the numbers from 0 to `max`. */
export const bitsFor = (max: number): number => (max === 0 ? 0 : 32 - Math.clz32(max));
