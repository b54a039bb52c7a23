import { SeededRandom } from './seeded-random';

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

describe('SeededRandom', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const numbers = (seed: number | string): number[] => { const random = new SeededRandom(seed); return draw(8, () => random.uint32()); };
    expect(numbers(42)).toEqual(numbers(42));
    expect(numbers(42)).toEqual(numbers('42'));
    expect(numbers(42)).not.toEqual(numbers(43));
  });

  it('keeps its sequence from one release to the next', () => {
    const random = new SeededRandom(1);
    expect(draw(3, () => random.uint32())).toEqual([1_322_085_210, 3_448_142_222, 3_302_266_490]);
  });

  it('forks a stream that does not depend on how far the parent has gone', () => {
    const fresh = new SeededRandom(7);
    const used = new SeededRandom(7);
    used.float();
    expect(used.fork('a').uint32()).toBe(fresh.fork('a').uint32());
    expect(fresh.fork('a').uint32()).not.toBe(fresh.fork('b').uint32());
  });

  it('draws whole numbers with both ends, each as often', () => {
    const random = new SeededRandom(3);
    const counts = [0, 0, 0];
    for (let draws = 0; draws < 30_000; draws++) counts[random.int(5, 7) - 5]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  it.each<[string, (random: SeededRandom) => number, number, number]>([
    ['float', (random) => random.float(), 0.5, 1 / 12],
    ['exponential', (random) => random.exponential(3), 3, 9],
    ['normal', (random) => random.normal(10, 2), 10, 4],
    ['poisson', (random) => random.poisson(2.5), 2.5, 2.5],
    ['poisson of a large mean', (random) => random.poisson(100), 100, 100],
  ])('%s has its mean and variance', (_name, next, expectedMean, expectedVariance) => {
    const random = new SeededRandom(11);
    const values = draw(50_000, () => next(random));
    const found = mean(values);
    expect(Math.abs(found - expectedMean)).toBeLessThan(5 * Math.sqrt(expectedVariance / values.length));
    expect(mean(values.map((value) => (value - found) ** 2)) / expectedVariance).toBeCloseTo(1, 1);
  });

  it('shuffles without losing anything and without touching the list given', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new SeededRandom(5).shuffle(items);
    expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort()).toEqual(items);
  });

  it('refuses to pick from nothing', () => {
    expect(() => new SeededRandom(1).pick([])).toThrow(RangeError);
  });
});
