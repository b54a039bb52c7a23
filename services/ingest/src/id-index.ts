/** Entries of the index are 1 + the id's number modulo 2^32 − 2; 0 is a free slot, this one that is free again. */
const removed = 0xffff_ffff;
export const idNumberModulus = 0xffff_fffe;
const slotsMin = 1_024;

/**
 * From the fingerprint of an id to the numbers of the ids that have it: open addressing, two words a slot, at most 60 % full, so 13–27 B an id.
 * A fingerprint is one word of the hash; whoever asks compares the others.
 */
export class IdIndex {
  #slots = new Uint32Array(slotsMin * 2);
  #mask = slotsMin - 1;
  #live = 0;
  #used = 0;

  get bytes(): number { return this.#slots.byteLength; }

  add(fingerprint: number, number: number): void {
    if (this.#used >= (this.#mask + 1) * 0.6) this.#rebuild();
    this.#insert(fingerprint, (number % idNumberModulus) + 1);
    this.#live++;
  }

  /** The first slot that has the fingerprint, behind `after` where it is one; -1 when there is none. */
  find(fingerprint: number, after = -1): number {
    const slots = this.#slots, mask = this.#mask;
    for (let slot = (after < 0 ? fingerprint : after + 1) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot * 2 + 1] as number;
      if (entry === 0) return -1;
      if (entry !== removed && slots[slot * 2] === fingerprint) return slot;
    }
  }

  /** The id's number, modulo `idNumberModulus`, in a slot that was found. */
  numberAt(slot: number): number { return (this.#slots[slot * 2 + 1] as number) - 1; }

  remove(fingerprint: number, number: number): void {
    const entry = (number % idNumberModulus) + 1;
    const slots = this.#slots, mask = this.#mask;
    for (let slot = fingerprint & mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
      if (slots[slot * 2 + 1] !== entry || slots[slot * 2] !== fingerprint) continue;
      slots[slot * 2 + 1] = removed;
      this.#live--;
      return;
    }
  }

  #insert(fingerprint: number, entry: number): void {
    const slots = this.#slots, mask = this.#mask;
    let slot = fingerprint & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = fingerprint;
    slots[slot * 2 + 1] = entry;
    this.#used++;
  }

  #rebuild(): void {
    const old = this.#slots;
    let size = slotsMin;
    while (this.#live >= size * 0.3) size *= 2;
    this.#slots = new Uint32Array(size * 2);
    this.#mask = size - 1;
    this.#used = 0;
    for (let slot = 0; slot < old.length; slot += 2) {
      const entry = old[slot + 1] as number;
      if (entry !== 0 && entry !== removed) this.#insert(old[slot] as number, entry);
    }
  }
}
