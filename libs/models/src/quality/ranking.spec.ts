import { SeededRandom } from '@weir/testkit';
import { brierScore, calibrationCurve, expectedCalibrationError } from './calibration';
import { averagePrecision, cardPrecisionAt, precisionAt, rocAuc, type Scored } from './ranking';

const rows = (...pairs: [number, number][]): Scored[] => pairs.map(([score, fraud]) => ({ score, fraud: fraud === 1 }));

describe('figures of a ranking', () => {
  it.each([
    ['perfect', rows([0.9, 1], [0.8, 1], [0.2, 0], [0.1, 0]), 1, 1],
    ['the wrong way round', rows([0.1, 1], [0.9, 0]), 0, 0.5],
    ['all tied', rows([0.5, 1], [0.5, 0], [0.5, 0], [0.5, 0]), 0.5, 0.25],
  ])('%s', (_name, scored, auc, ap) => {
    expect(rocAuc(scored)).toBeCloseTo(auc, 12);
    expect(averagePrecision(scored)).toBeCloseTo(ap, 12);
  });

  it('the area is the share of pairs in the right order', () => {
    const random = new SeededRandom(4);
    const scored = Array.from({ length: 80 }, () => ({ score: random.int(0, 20) / 20, fraud: random.chance(0.3) }));
    let [right, pairs] = [0, 0];
    for (const one of scored) for (const other of scored) if (one.fraud && !other.fraud) { pairs++; right += one.score > other.score ? 1 : one.score === other.score ? 0.5 : 0; }
    expect(rocAuc(scored)).toBeCloseTo(right / pairs, 12);
  });

  it('there is none without a fraud', () => {
    expect(rocAuc(rows([0.5, 0]))).toBeNaN();
    expect(averagePrecision([])).toBeNaN();
    expect(precisionAt([], 5)).toBeNaN();
  });

  it('precision at k looks at the highest scores', () => {
    expect(precisionAt(rows([0.1, 1], [0.9, 1], [0.8, 0], [0.7, 1]), 2)).toBe(0.5);
  });
});

describe('cardPrecisionAt', () => {
  it('takes a card once a day by its highest score, and not again once it is found', () => {
    const { mean, byDay } = cardPrecisionAt([
      { day: 0, card: 'a', score: 0.9, fraud: true }, { day: 0, card: 'a', score: 0.1, fraud: false }, { day: 0, card: 'b', score: 0.8, fraud: false }, { day: 0, card: 'c', score: 0.2, fraud: true },
      { day: 1, card: 'a', score: 0.9, fraud: true }, { day: 1, card: 'b', score: 0.5, fraud: true }, { day: 1, card: 'c', score: 0.4, fraud: true },
    ], 2);
    expect([...byDay]).toEqual([[0, 0.5], [1, 1]]);
    expect(mean).toBe(0.75);
  });
});

describe('expectedCalibrationError', () => {
  it('is 0 when what is said is what comes', () => {
    expect(expectedCalibrationError(rows([0.25, 1], [0.25, 0], [0.25, 0], [0.25, 0]))).toBe(0);
    expect(expectedCalibrationError(rows([0.9, 0], [0.9, 0]))).toBeCloseTo(0.9, 12);
  });
});

describe('a weight', () => {
  it('counts a row as so many rows, in every figure', () => {
    const random = new SeededRandom(9);
    const weighted = Array.from({ length: 60 }, () => ({ score: random.int(0, 30) / 30, fraud: random.chance(0.3), weight: random.int(1, 4) }));
    const repeated = weighted.flatMap(({ weight, ...row }) => Array.from({ length: weight }, () => row));
    for (const figure of [rocAuc, averagePrecision, brierScore, expectedCalibrationError, (rows: readonly Scored[]) => precisionAt(rows, 25)]) expect(figure(weighted)).toBeCloseTo(figure(repeated), 12);
    expect(calibrationCurve(weighted)).toEqual(calibrationCurve(repeated).map((bin) => ({ count: bin.count, meanScore: expect.closeTo(bin.meanScore, 12) as number, fraudShare: expect.closeTo(bin.fraudShare, 12) as number })));
  });
});
