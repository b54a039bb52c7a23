import type { Explainer, Explanation } from '../explanation';
import type { Affine } from './affine';

/**
 * Exact contributions of a linear or logistic model: weight · (input − its mean in the background), the Shapley values of the
 * margin when the other inputs are independent of each other. A row with a missing input has no answer.
 */
export class LinearExplainer implements Explainer {
  readonly approximate = false;
  readonly inputs: number;
  private readonly means: Float64Array;
  private readonly base: number;

  constructor(private readonly model: Affine, background: readonly ArrayLike<number>[]) {
    this.inputs = model.weights.length;
    this.means = model.weights.map((_, input) => meanOf(background, input));
    this.base = model.weights.reduce((sum, weight, input) => sum + weight * (this.means[input] as number), model.bias);
  }

  explain(row: ArrayLike<number>): Explanation {
    if (row.length !== this.inputs) throw new RangeError(`a row of ${this.inputs} numbers expected, got ${row.length}`);
    const contributions = this.model.weights.map((weight, input) => weight * (Math.fround(row[input] as number) - (this.means[input] as number)));
    const margin = contributions.reduce((sum, contribution) => sum + contribution, this.base);
    return { p: this.model.logistic ? 1 / (1 + Math.exp(-margin)) : margin, margin, base: this.base, contributions };
  }

  explainAll(rows: readonly ArrayLike<number>[]): Explanation[] {
    return rows.map((row) => this.explain(row));
  }
}

/** Of the rows that have the input; 0 when none has. */
function meanOf(rows: readonly ArrayLike<number>[], input: number): number {
  let sum = 0;
  let count = 0;
  for (const row of rows) {
    const value = Math.fround(row[input] as number);
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
