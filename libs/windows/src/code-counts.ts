const placesMin = 16;
/** Spreads neighbouring codes over the slots (2^32 over the golden ratio). */
const spread = 0x9e3779b1;
const { imul } = Math;

/**
 * How often each code (a whole number from 0) was added, in the order of their first coming. Emptied at the cost of what is in it, and it
 * keeps its memory.
 */
export class CodeCounts {
  /** Codes that came, ever since it was emptied; their places are below it. */
  size = 0;
  /** Codes whose count isn't 0. */
  distinct = 0;
  private codes = new Int32Array(placesMin);
  private counts = new Int32Array(placesMin);
  private slotByPlace = new Int32Array(placesMin);
  /** Twice as many as places: a place from 1, 0 for none. */
  private slots = new Int32Array(2 * placesMin);

  codeAt(place: number): number { return this.codes[place] as number; }
  countAt(place: number): number { return this.counts[place] as number; }

  clear(): void {
    for (let place = 0; place < this.size; place++) this.slots[this.slotByPlace[place] as number] = 0;
    this.size = this.distinct = 0;
  }

  /** Gives the code's place. */
  add(code: number): number {
    const place = this.placeOf(code);
    if ((this.counts[place] = (this.counts[place] as number) + 1) === 1) this.distinct++;
    return place;
  }

  /** Takes back one `add` of the code. */
  subtract(code: number): void {
    const place = this.placeOf(code);
    if ((this.counts[place] = (this.counts[place] as number) - 1) === 0) this.distinct--;
  }

  private placeOf(code: number): number {
    const { slots, codes } = this;
    const mask = slots.length - 1;
    let slot = (imul(code, spread) >>> 7) & mask;
    for (let at = slots[slot] as number; at !== 0; at = slots[slot] as number) {
      if (codes[at - 1] === code) return at - 1;
      slot = (slot + 1) & mask;
    }
    if (this.size === codes.length) { this.grow(); return this.placeOf(code); }
    const place = this.size++;
    codes[place] = code;
    this.counts[place] = 0;
    this.slotByPlace[place] = slot;
    slots[slot] = place + 1;
    return place;
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    [this.codes, this.counts, this.slotByPlace] = [doubled(this.codes), doubled(this.counts), doubled(this.slotByPlace)];
    for (let place = 0; place < this.size; place++) {
      let slot = (imul(this.codes[place] as number, spread) >>> 7) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = place + 1;
      this.slotByPlace[place] = slot;
    }
    this.slots = slots;
  }
}

function doubled(values: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(values.length * 2);
  grown.set(values);
  return grown;
}
