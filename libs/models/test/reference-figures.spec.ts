import { averagePrecision, brierScore, calibrationCurve, numericDrift, numericReference, rocAuc } from '../src';
import figures from './reference-figures.json';

const numbers = (values: readonly (number | null)[]): Float64Array => Float64Array.from(values, (value) => value ?? Number.NaN);

describe.each(figures.drift)('drift, $name', (figure) => {
  const drift = numericDrift(numericReference(numbers(figure.reference)), numbers(figure.current));

  it('has the distances of numpy and scipy', () => {
    expect(drift.psi).toBeCloseTo(figure.psi, 12);
    expect(drift.jensenShannon).toBeCloseTo(figure.jensen_shannon, 12);
    expect(drift.kolmogorovSmirnov?.distance).toBeCloseTo(figure.ks, 12);
    expect(drift.kolmogorovSmirnov?.pValue).toBeCloseTo(figure.ks_p, 10);
  });
});

describe.each(figures.quality)('quality, $name', (figure) => {
  const rows = figure.score.map((score, index) => ({ score, fraud: figure.fraud[index] === 1 }));

  it('has the figures of scikit-learn', () => {
    expect(rocAuc(rows)).toBeCloseTo(figure.auc, 12);
    expect(averagePrecision(rows)).toBeCloseTo(figure.average_precision, 12);
    expect(brierScore(rows)).toBeCloseTo(figure.brier, 12);
    const curve = calibrationCurve(rows, 10);
    expect(curve).toHaveLength(figure.calibration.length);
    curve.forEach((bin, index) => {
      expect(bin.meanScore).toBeCloseTo(figure.calibration[index]?.[0] ?? Number.NaN, 12);
      expect(bin.fraudShare).toBeCloseTo(figure.calibration[index]?.[1] ?? Number.NaN, 12);
    });
  });
});
