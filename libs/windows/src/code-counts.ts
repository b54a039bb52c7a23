const slotsMin = 32;
/** Spreads neighbouring codes over the slots (2^32 over the golden ratio). */
const spread = 0x9e3779b1;
const { imul } = Math;

/** How often each code (a whole number from 0) was added, in the order of their first coming. Emptied at the cost of what is in it. */
export class CodeCounts {
  /** Codes that came, ever since it was emptied. */
  readonly codes: number[] = [];
  readonly counts: number[] = [];
  /** Codes whose count isn't 0. */
  distinct = 0;
  private slotByPlace: number[] = [];
  private slots = new Int32Array(slotsMin);

  clear(): void {
    const { slots, slotByPlace } = this;
    for (let place = 0; place < slotByPlace.length; place++) slots[slotByPlace[place] as number] = 0;
    this.codes.length = this.counts.length = slotByPlace.length = this.distinct = 0;
  }

  /** Gives the code's place in `codes`. */
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
    const place = codes.push(code) - 1;
    this.counts.push(0);
    this.slotByPlace.push(slot);
    slots[slot] = place + 1;
    if (codes.length * 2 > slots.length) this.grow();
    return place;
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let place = 0; place < this.codes.length; place++) {
      let slot = (imul(this.codes[place] as number, spread) >>> 7) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = place + 1;
      this.slotByPlace[place] = slot;
    }
    this.slots = slots;
  }
}
