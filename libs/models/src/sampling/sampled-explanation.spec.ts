import { forSeedsAsync, SeededRandom } from '@weir/testkit';
import { sampleExplanation, type ScoreRows } from './sampled-explanation';

/** p = x₀·x₁ + x₂/2 of three inputs. */
const score: ScoreRows = async (matrix, rows) => Float64Array.from({ length: rows }, (_, row) => {
  const [a, b, c] = matrix.subarray(row * 3, row * 3 + 3);
  return (a ?? 0) * (b ?? 0) + (c ?? 0) / 2;
});

describe('sampleExplanation', () => {
  it('is exact where one background row leaves no choice but the order, and symmetric inputs share alike', async () => {
    const random = new SeededRandom(1);
    const { p, base, contributions, approximate } = await sampleExplanation([1, 1, 0.5], { score, background: [[0, 0, 0]], random: () => random.float(), orders: 100 });
    expect(approximate).toBe(true);
    expect(base).toBe(0);
    expect(p).toBeCloseTo(1.25, 12);
    expect([...contributions]).toEqual([0.5, 0.5, 0.25]); // each order is used both ways
  });

  it('comes within its own error of the truth', async () => {
    await forSeedsAsync(5, async (random) => {
      const background = Array.from({ length: 4 }, () => [random.float(), random.float(), random.float()]);
      const row = [1, 0.5, 0.25];
      const mean = (value: (z: readonly number[]) => number): number => background.reduce((sum, z) => sum + value(z), 0) / background.length;
      const truth = mean(([a = 0, b = 0]) => ((1 - a) * (0.5 + b)) / 2);
      const { contributions, standardErrors, base, margin } = await sampleExplanation(row, { score, background, random: () => random.float(), orders: 2_000 });
      expect(Math.abs((contributions[0] ?? 0) - truth)).toBeLessThan(5 * (standardErrors[0] ?? 0));
      expect(standardErrors[0]).toBeLessThan(0.02);
      expect(contributions.reduce((sum, value) => sum + value, base)).toBeCloseTo(margin, 12);
    });
  });

  it('gives the same estimate for the same seed', async () => {
    const estimate = (): Promise<unknown> => { const random = new SeededRandom(9); return sampleExplanation([1, 2, 3], { score, background: [[0, 1, 0], [1, 0, 1]], random: () => random.float(), orders: 20 }); };
    expect(await estimate()).toEqual(await estimate());
  });

  it('refuses what it cannot do', async () => {
    const random = (): number => 0.5;
    await expect(sampleExplanation([1, 2, 3], { score, background: [], random })).rejects.toThrow(RangeError);
    await expect(sampleExplanation([1, 2, 3], { score, background: [[1, 2, 3]], random, orders: 0 })).rejects.toThrow(RangeError);
  });
});
