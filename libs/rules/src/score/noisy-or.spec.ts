import { forSeeds } from '@weir/testkit';
import { bandOf } from '../decide/precedence';
import { exactScoreUnits, riskScoreFromUnits, scoreFromUnits, scoreUnits, scoreUnitsWithout } from './noisy-or';

const bands = { review: 0.3, block: 0.8 };
const score = (p: number, ...weights: number[]): number => scoreFromUnits(scoreUnits(p, weights, weights.length));

describe('the score', () => {
  it.each([
    [[], 0, 'approve'], [[0.2, 0.125], 0.3, 'review'], [[0.1, 0.2], 0.28, 'approve'], [[0.5, 0.6], 0.8, 'review'], [[0.5, 0.6001], 0.80005, 'block'],
    [[0.16, 0.16666666666666666], 0.3, 'review'], [[0.36, 0.6875], 0.8, 'review'], [[0.04, 0.0625, 0.2, 0.027777777777777776], 0.3, 'review'],
    [[1, 0.3], 1, 'block'], [new Array<number>(10).fill(0.1), 0.6513215599, 'review'], [[0.3], 0.3, 'review'], [[0.8], 0.8, 'review'],
  ])('of weights %j alone is %d, %s', (weights, expected, band) => {
    expect(score(0, ...weights)).toBe(expected);
    expect(bandOf(score(0, ...weights), bands)).toBe(band);
  });

  it('counts the model as one more weight', () => {
    expect(score(0.5, 0.5)).toBe(0.75);
    expect(score(0.25)).toBe(0.25);
    expect(riskScoreFromUnits(scoreUnits(0.801, [], 0))).toBe(80.1);
  });

  it('rounds a half up at the 12th decimal, whatever doubles make of it', () => {
    expect(score(0.299_999_999_999_5)).toBe(0.3);
    expect(score(0.299_999_999_999_49)).toBe(0.299_999_999_999);
    expect(score(0, 0.000_000_000_000_5)).toBe(1e-12);
    expect(score(1e-13)).toBe(0);
  });

  it.each([[[0.2075745247765], 0.207574524777], [[0.0567235199795], 0.05672351998], [[0.491995, 0.3841415], 0.687140802708], [[0.642559, 0.5437835], 0.836929518024]])('of %j is %d, where doubles alone give one unit less', (weights, expected) => {
    expect(score(0, ...weights)).toBe(expected);
    const without = new Float64Array(weights.length + 1);
    scoreUnitsWithout(0, [...weights, 0.5], weights.length + 1, without);
    expect(scoreFromUnits(without[weights.length] ?? 0)).toBe(expected);
  });

  it('is that of exact decimals for any weights in any order, and so are the scores without each of them', () => {
    forSeeds(60, (random) => {
      const count = random.int(0, 40), places = random.int(1, 16);
      const weights = Array.from({ length: count }, () => random.pick([Number(random.float().toFixed(places)), Number((random.float() / 100).toFixed(13)), 0, random.float() * 5e-13, random.chance(0.02) ? 1 : 0.05]));
      const p = random.pick([0, random.float(), Number(random.float().toFixed(3)), Math.fround(random.float())]);
      const units = scoreUnits(p, weights, count);
      expect(units).toBe(exactScoreUnits(p, weights, count));
      expect(scoreUnits(p, random.shuffle(weights), count)).toBe(units);
      const without = new Float64Array(count);
      scoreUnitsWithout(p, weights, count, without);
      expect([...without]).toEqual(weights.map((_, skip) => exactScoreUnits(p, weights, count, skip)));
    });
  });
});
