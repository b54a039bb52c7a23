import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const writeBytes = 1 << 20, aheadBytes = 1 << 17, nearBytes = 1 << 12;

/** Texts kept in a file of its own, in the order they came, each to be had by its number: 8 bytes of memory a text. */
export class Spool {
  private readonly file: number;
  private ends = new Float64Array(1 << 12);
  private held = Buffer.allocUnsafeSlow(writeBytes);
  private heldLength = 0;
  private written = 0;
  private window = Buffer.allocUnsafeSlow(aheadBytes);
  private windowAt = 0;
  private windowLength = 0;
  count = 0;

  constructor(path: string) { this.file = openSync(path, 'w+'); }

  /** Gives the text's number. */
  add(text: string): number {
    const most = text.length * 3;
    if (this.heldLength + most > this.held.length) this.flush(most);
    this.heldLength += this.held.write(text, this.heldLength, 'utf8');
    if (this.count === this.ends.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.ends);
      this.ends = grown;
    }
    this.ends[this.count] = this.written + this.heldLength;
    return this.count++;
  }

  get(number: number): string {
    if (this.heldLength > 0) this.flush(0);
    const from = number === 0 ? 0 : (this.ends[number - 1] as number), length = (this.ends[number] as number) - from;
    const windowEnd = this.windowAt + this.windowLength;
    if (from < this.windowAt || from + length > windowEnd) {
      // Read on in larger pieces than what is asked for out of order.
      const wanted = Math.max(length, from >= this.windowAt && from - windowEnd <= aheadBytes ? aheadBytes : nearBytes);
      if (this.window.length < wanted) this.window = Buffer.allocUnsafeSlow(wanted);
      this.windowLength = readSync(this.file, this.window, 0, wanted, from);
      this.windowAt = from;
    }
    return this.window.toString('utf8', from - this.windowAt, from - this.windowAt + length);
  }

  close(): void { closeSync(this.file); }

  private flush(room: number): void {
    for (let done = 0; done < this.heldLength; ) done += writeSync(this.file, this.held, done, this.heldLength - done, this.written + done);
    this.written += this.heldLength;
    this.heldLength = 0;
    if (room > this.held.length) this.held = Buffer.allocUnsafeSlow(room);
    this.windowLength = 0;
  }
}
