import { forSeeds } from '@weir/testkit';
import { ExactSum, centredSquares } from './exact-sum';

const sumOf = (values: readonly number[]): ExactSum => { const sum = new ExactSum(); for (const value of values) sum.add(value); return sum; };

/** Whole numbers of 2^-60 are exact for everything here. */
const exactTotal = (values: readonly number[]): number => Number(values.reduce((total, x) => total + BigInt(x * 2 ** 60), 0n)) / 2 ** 60;

describe('an exact sum', () => {
  it.each([
    [[2 ** 53, 1, 1], 2 ** 53 + 2],
    [[2 ** 53, 1, -(2 ** 53)], 1],
    [[0.1, 0.2, -0.3], 2.7755575615628914e-17],
    [[1e16, 1, -1e16, 1e-3], 1.001],
    [[-0], 0],
    [[], 0],
  ])('of %j is %d, rounded once', (values, total) => { expect(Object.is(sumOf(values).value(), total)).toBe(true); });

  it('is the same whatever the order and however it was merged', () => {
    forSeeds(200, (random) => {
      const values = Array.from({ length: random.int(1, 60) }, () => random.pick([random.int(-(2 ** 53), 2 ** 53), random.int(-99_999, 99_999) / 100, 2 ** random.int(-6, 50)]));
      const halves = [sumOf(values.slice(0, 7)), sumOf(values.slice(7))];
      const merged = new ExactSum();
      for (const half of random.shuffle(halves)) merged.mergeFrom(half);
      const shuffled = sumOf(random.shuffle(values));
      expect(merged.value()).toBe(exactTotal(values));
      expect(shuffled.value()).toBe(exactTotal(values));
      expect(merged.canonicalParts()).toEqual(shuffled.canonicalParts());
      expect(ExactSum.fromParts(merged.canonicalParts()).value()).toBe(merged.value());
    });
  });

  it('gives back what was taken out', () => {
    forSeeds(50, (random) => {
      const values = Array.from({ length: 40 }, () => random.int(-1_000_000, 1_000_000) / 100);
      const sum = sumOf(values);
      const squares = new ExactSum();
      for (const value of values) squares.addSquare(value);
      for (const value of random.shuffle(values)) { sum.add(-value); squares.subtractSquare(value); }
      expect([sum.value(), squares.value()]).toEqual([0, 0]);
    });
  });

  it('keeps squares of 2^53 exactly, for a variance without cancellation', () => {
    const values = [2 ** 53 - 1, 2 ** 53 - 4, 2 ** 53 - 7];
    const sum = sumOf(values);
    const squares = new ExactSum();
    for (const value of values) squares.addSquare(value);
    expect(centredSquares(3, sum, squares) / 6).toBe(9);
  });
});
