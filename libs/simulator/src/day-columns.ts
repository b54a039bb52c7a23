/** Rows a day can hold: what the packed sort key leaves for the row's number. */
const rowsMax = 2 ** 26;

/** The transactions of one day before they are in order: a column per property, reused from day to day. */
export class DayColumns {
  count = 0;
  timeMs = new Int32Array(1024);
  customer = new Int32Array(1024);
  terminal = new Int32Array(1024);
  amountMinor = new Int32Array(1024);
  kind = new Uint8Array(1024);
  /** Number of the thief's device; −1 for the customer's own. */
  thief = new Int32Array(1024);
  declined = new Uint8Array(1024);
  private keys = new Float64Array(1024);

  clear(): void {
    this.count = 0;
  }

  add(row: { timeMs: number; customer: number; terminal: number; amountMinor: number; kind: number; thief: number; declined: boolean }): void {
    if (this.count === this.timeMs.length) this.grow();
    const index = this.count++;
    this.timeMs[index] = row.timeMs;
    this.customer[index] = row.customer;
    this.terminal[index] = row.terminal;
    this.amountMinor[index] = row.amountMinor;
    this.kind[index] = row.kind;
    this.thief[index] = row.thief;
    this.declined[index] = row.declined ? 1 : 0;
  }

  /** Row numbers by time, ties in the order added. Valid until the next call. */
  order(): Float64Array {
    if (this.keys.length < this.count) this.keys = new Float64Array(this.timeMs.length);
    for (let index = 0; index < this.count; index++) this.keys[index] = (this.timeMs[index] as number) * rowsMax + index;
    const sorted = this.keys.subarray(0, this.count).sort();
    for (let place = 0; place < this.count; place++) sorted[place] = (sorted[place] as number) % rowsMax;
    return sorted;
  }

  private grow(): void {
    const length = this.timeMs.length * 2;
    if (length > rowsMax) throw new RangeError(`a day holds at most ${rowsMax} transactions`);
    this.timeMs = grown(this.timeMs, new Int32Array(length));
    this.customer = grown(this.customer, new Int32Array(length));
    this.terminal = grown(this.terminal, new Int32Array(length));
    this.amountMinor = grown(this.amountMinor, new Int32Array(length));
    this.kind = grown(this.kind, new Uint8Array(length));
    this.thief = grown(this.thief, new Int32Array(length));
    this.declined = grown(this.declined, new Uint8Array(length));
  }
}

function grown<A extends Int32Array | Uint8Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
