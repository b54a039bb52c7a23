import { scoreUnits, scoreUnitsWithout } from '../score/noisy-or';

/** The weights of what fired, in one growing array that is used again for every event. */
export class Weights {
  private values = new Float64Array(64);
  private without = new Float64Array(64);
  count = 0;

  clear(): void { this.count = 0; }

  /** The index of the weight, for its contribution. */
  add(weight: number): number {
    if (this.count === this.values.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.values);
      this.values = grown;
      this.without = new Float64Array(grown.length);
    }
    this.values[this.count] = weight;
    return this.count++;
  }

  units(p: number): number { return scoreUnits(p, this.values, this.count); }

  /** For each weight score − score without it, in units: `contributionUnits(index)` afterwards. */
  computeContributions(p: number, units: number): void {
    scoreUnitsWithout(p, this.values, this.count, this.without);
    for (let i = 0; i < this.count; i++) this.without[i] = units - (this.without[i] as number);
  }

  contributionUnits(index: number): number { return this.without[index] ?? 0; }
}
