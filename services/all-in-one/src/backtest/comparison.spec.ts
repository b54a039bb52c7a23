import { Comparison, matrixOf, moneyOf, outcomesOf, qualityOf } from './comparison';
import { isoWeek, weekNumber, weekStartMs } from './iso-week';
import { labelCode, outcomeCode, type SideBatch } from './side-batch';

interface Row { readonly offset: number; readonly outcome: keyof typeof outcomeCode; readonly label?: keyof typeof labelCode; readonly amount?: number; readonly degraded?: boolean; readonly at?: string; readonly segment?: number }

const batchOf = (rows: readonly Row[], newSegments: readonly string[] = []): SideBatch => ({
  records: rows.length, offsets: Float64Array.from(rows, ({ offset }) => offset), outcomes: Uint8Array.from(rows, ({ outcome }) => outcomeCode[outcome]), degraded: Uint8Array.from(rows, ({ degraded }) => Number(degraded === true)),
  labels: Uint8Array.from(rows, ({ label = 'unknown' }) => labelCode[label]), amounts: Float64Array.from(rows, ({ amount = Number.NaN }) => amount), timesMs: Float64Array.from(rows, ({ at = '2026-03-02T00:00:00Z' }) => Date.parse(at)),
  segments: Uint32Array.from(newSegments.length === 0 ? [] : rows, ({ segment = 0 }) => segment), newSegments,
});

describe('two sides of a back-test', () => {
  const comparison = new Comparison({ examplesMax: 1 });
  const changed = comparison.add(
    batchOf([
      { offset: 1, outcome: 'approve', label: 'fraud', amount: 500, at: '2026-03-01T23:59:59Z' }, { offset: 2, outcome: 'approve', label: 'genuine', amount: 70, segment: 1 }, { offset: 3, outcome: 'block', label: 'genuine', amount: 20 },
      { offset: 4, outcome: 'review', label: 'fraud', amount: 9 }, { offset: 5, outcome: 'block', degraded: true }, { offset: 6, outcome: 'approve' }, { offset: 8, outcome: 'approve', label: 'genuine' },
    ], ['DE', 'FR']),
    batchOf([
      { offset: 1, outcome: 'block' }, { offset: 2, outcome: 'block' }, { offset: 3, outcome: 'approve' }, { offset: 4, outcome: 'review' }, { offset: 5, outcome: 'approve' }, { offset: 7, outcome: 'block' }, { offset: 8, outcome: 'approve' },
    ], ['DE']),
  );

  it('are compared decision by decision; degraded and one-sided ones are counted apart', () => {
    expect(matrixOf(comparison.all)).toEqual({ approve: { approve: 1, review: 0, block: 2 }, review: { approve: 0, review: 1, block: 0 }, block: { approve: 1, review: 0, block: 0 } });
    expect([outcomesOf(comparison.all, 'before'), outcomesOf(comparison.all, 'after')]).toEqual([{ approve: 3, review: 1, block: 1 }, { approve: 2, review: 1, block: 2 }]);
    expect(comparison).toMatchObject({ onlyBefore: 1, onlyAfter: 1, degradedBefore: 1, degradedAfter: 0 });
  });

  it('say what is saved: newly blocked fraud minus newly blocked genuine; and what is lost', () => {
    expect(moneyOf(comparison.all)).toEqual({
      newly_blocked: { count: 2, fraud: 1, genuine: 1, fraud_amount: 500, genuine_amount: 70 }, no_longer_blocked: { count: 1, fraud: 0, genuine: 1, fraud_amount: 0, genuine_amount: 20 }, saved: 430, lost: -20, net: 450,
    });
  });

  it('have precision, recall and false positives per true one, of the labelled', () => {
    expect(qualityOf(comparison.all, 'before', 2)).toEqual({ held: 1, true_positives: 0, false_positives: 1, missed: 2, precision: 0, recall: 0, false_positives_per_true: null });
    expect(qualityOf(comparison.all, 'after', 1)).toEqual({ held: 3, true_positives: 2, false_positives: 1, missed: 0, precision: 2 / 3, recall: 1, false_positives_per_true: 0.5 });
  });

  it('show the first of each kind of change, and every segment and week', () => {
    expect(changed.map(({ offset }) => offset)).toEqual([1, 3]);
    expect(comparison.segments().map(([name, tally]) => [name, outcomesOf(tally, 'after')['block']])).toEqual([['DE', 1], ['FR', 1]]);
    expect(comparison.weeks().map(([name, tally]) => [name, outcomesOf(tally, 'before')['approve']])).toEqual([['2026-W09', 1], ['2026-W10', 2]]);
  });
});

it('names the segments of other sides anew: each numbers its own', () => {
  const comparison = new Comparison({ examplesMax: 0 }), rows = [{ offset: 1, outcome: 'approve' }] as const;
  for (const name of ['DE', 'FR']) {
    comparison.beginSides();
    comparison.add(batchOf(rows, [name]), batchOf(rows, [name]));
  }
  expect(comparison.segments().map(([name, tally]) => [name, outcomesOf(tally, 'before')['approve']])).toEqual([['DE', 1], ['FR', 1]]);
});

it.each([['2021-01-03', '2020-W53'], ['2021-01-04', '2021-W01'], ['2024-12-30', '2025-W01'], ['2026-12-31', '2026-W53'], ['2027-01-03', '2026-W53'], ['1969-12-29', '1970-W01'], ['1969-12-28', '1969-W52']])('%s is in ISO week %s', (day, week) => {
  expect(isoWeek(Date.parse(day))).toBe(week);
  expect(isoWeek(weekStartMs(weekNumber(Date.parse(day))))).toBe(week);
});
