import { scoreUnits } from '../score/noisy-or';

/** The weights of what fired, in one growing array that is used again for every event. */
export class Weights {
  private values = new Float64Array(64);
  count = 0;

  clear(): void { this.count = 0; }

  /** The index of the weight, for its contribution. */
  add(weight: number): number {
    if (this.count === this.values.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.count] = weight;
    return this.count++;
  }

  units(p: number): number { return scoreUnits(p, this.values, this.count); }

  /** Score − score without the weight, in units; 0 for a weight of 0. */
  contributionUnits(p: number, index: number, units: number): number {
    return this.values[index] === 0 ? 0 : units - scoreUnits(p, this.values, this.count, index);
  }
}
