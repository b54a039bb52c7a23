import { weightOf, type Scored } from './ranking';

/** Rows of one range of scores: what was said, and what came. */
export interface CalibrationBin {
  readonly count: number;
  readonly meanScore: number;
  readonly fraudShare: number;
}

const calibrationBinsMax = 100;

/** Equal ranges of the scores from 0 to 1, upper edge included; empty ones left out. */
export function calibrationCurve(rows: readonly Scored[], bins = 10): CalibrationBin[] {
  if (!Number.isInteger(bins) || bins < 1 || bins > calibrationBinsMax) throw new RangeError(`1 to ${calibrationBinsMax} bins expected, got ${bins}`);
  const sums = Array.from({ length: bins }, () => ({ count: 0, scores: 0, frauds: 0 }));
  for (const row of rows) {
    const { score, fraud } = row, weight = weightOf(row);
    const sum = sums[Math.min(bins - 1, Math.max(0, Math.ceil(score * bins) - 1))];
    if (sum === undefined) continue;
    sum.count += weight;
    sum.scores += weight * score;
    sum.frauds += fraud ? weight : 0;
  }
  return sums.filter((sum) => sum.count > 0).map(({ count, scores, frauds }) => ({ count, meanScore: scores / count, fraudShare: frauds / count }));
}

/** Mean squared distance of score and truth; 0 is perfect. */
export function brierScore(rows: readonly Scored[]): number {
  return rows.length === 0 ? Number.NaN : rows.reduce((sum, row) => sum + weightOf(row) * (row.score - (row.fraud ? 1 : 0)) ** 2, 0) / weightSum(rows);
}

/** Mean distance of score and share of frauds over the bins, by their size. */
export function expectedCalibrationError(rows: readonly Scored[], bins = 10): number {
  if (rows.length === 0) return Number.NaN;
  const count = weightSum(rows);
  return calibrationCurve(rows, bins).reduce((sum, bin) => sum + (bin.count / count) * Math.abs(bin.meanScore - bin.fraudShare), 0);
}

const weightSum = (rows: readonly Scored[]): number => rows.reduce((sum, row) => sum + weightOf(row), 0);
