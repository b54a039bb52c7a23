import type { Explanation } from '../explanation';

/** An estimate, and how far it may be off. */
export interface SampledExplanation extends Explanation {
  readonly approximate: true;
  /** Standard error of each contribution. */
  readonly standardErrors: Float64Array;
}

/** Any model: rows in, a number a row out. */
export type ScoreRows = (matrix: Float32Array, rows: number) => Promise<Float64Array>;

export interface SamplingOptions {
  readonly score: ScoreRows;
  readonly background: readonly ArrayLike<number>[];
  /** Orders drawn; each costs inputs + 1 rows of the model. Default 200. */
  readonly orders?: number;
  /** Numbers in [0, 1), from a seed: the same seed gives the same estimate. */
  readonly random: () => number;
}

const ordersDefault = 200;
const ordersMax = 10_000;

/**
 * Estimates Shapley values of a model that is not taken apart: a background row is turned into the row to explain, one input
 * after the other in a random order, and the changes of p are averaged (Štrumbelj and Kononenko, 2014). Every order is used
 * backwards too, which halves the noise. `base` is the mean p of the background rows used, and base + Σ contributions = margin
 * = p exactly; each contribution is an estimate and says so. Memory: one order at a time.
 */
export async function sampleExplanation(row: ArrayLike<number>, options: SamplingOptions): Promise<SampledExplanation> {
  const orders = options.orders ?? ordersDefault;
  if (!Number.isInteger(orders) || orders < 2 || orders > ordersMax) throw new RangeError(`2 to ${ordersMax} orders expected, got ${orders}`);
  if (options.background.length === 0) throw new RangeError('a background of at least one row expected');
  const inputs = row.length;
  const [sums, squares] = [new Float64Array(inputs), new Float64Array(inputs)];
  let baseSum = 0;
  const pairs = Math.ceil(orders / 2);
  for (let pair = 0; pair < pairs; pair++) {
    const start = options.background[Math.floor(options.random() * options.background.length)] as ArrayLike<number>;
    const order = randomOrder(inputs, options.random);
    const there = await walk(row, start, order, options.score);
    const back = await walk(row, start, order.toReversed(), options.score);
    baseSum += there.first;
    for (let input = 0; input < inputs; input++) {
      const change = ((there.changes[input] as number) + (back.changes[input] as number)) / 2;
      sums[input] = (sums[input] as number) + change;
      squares[input] = (squares[input] as number) + change * change;
    }
  }
  const base = baseSum / pairs;
  const contributions = sums.map((sum) => sum / pairs);
  const standardErrors = squares.map((square, input) => standardError(square, sums[input] as number, pairs));
  const p = contributions.reduce((sum, contribution) => sum + contribution, base);
  return { p, margin: p, base, contributions, standardErrors, approximate: true };
}

function randomOrder(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}

/** What p changes by with each input, as `start` becomes `row` in the given order. */
async function walk(row: ArrayLike<number>, start: ArrayLike<number>, order: readonly number[], score: ScoreRows): Promise<{ first: number; changes: Float64Array }> {
  const inputs = row.length;
  const matrix = new Float32Array(inputs * (inputs + 1));
  const present = Float32Array.from(start);
  matrix.set(present);
  order.forEach((input, step) => {
    present[input] = row[input] as number;
    matrix.set(present, (step + 1) * inputs);
  });
  const answers = await score(matrix, inputs + 1);
  const changes = new Float64Array(inputs);
  order.forEach((input, step) => { changes[input] = (answers[step + 1] as number) - (answers[step] as number); });
  return { first: answers[0] as number, changes };
}

function standardError(square: number, sum: number, count: number): number {
  if (count < 2) return Number.NaN;
  const variance = Math.max(0, (square - (sum * sum) / count) / (count - 1));
  return Math.sqrt(variance / count);
}
