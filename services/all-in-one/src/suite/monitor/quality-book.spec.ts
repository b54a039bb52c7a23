import { averagePrecision, rocAuc } from '@weir/models';
import { SeededRandom } from '@weir/testkit';
import { keyOf, type DecisionFacts } from './decision-facts';
import { dayMs, QualityBook, rowsPerStratumMax, weekMs, weekOf } from './quality-book';

const monday = Date.UTC(2026, 0, 5);
const delayMs = 7 * dayMs;
const decision = (id: string, more: Partial<DecisionFacts> & { readonly p?: number } = {}): DecisionFacts => {
  const { p = 0.1, ...rest } = more;
  return { key: keyOf(id), timeMs: monday + dayMs, card: id, alert: false, high: false, models: [{ name: 'gbm', version: 1, p, answers: true }], values: {}, ...rest };
};

describe('QualityBook', () => {
  it('begins weeks on Monday, UTC', () => {
    expect([monday - 1, monday, monday + weekMs - 1].map((timeMs) => new Date(weekOf(timeMs)).toISOString().slice(0, 10))).toEqual(['2025-12-29', '2026-01-05', '2026-01-05']);
  });

  it('waits for the labels: what is younger than they take counts in no figure, a known fraud neither', () => {
    const book = new QualityBook(delayMs), fraud = decision('a', { p: 0.9 });
    book.add(fraud);
    book.add(decision('b'));
    book.label(fraud, { fraud: true, knownMs: monday + 2 * dayMs });
    expect(book.weeks(monday + 3 * dayMs)[0]).toMatchObject({ decisions: 2, mature: 0, frauds: 0, auc: null });
    expect(book.weeks(monday + 9 * dayMs)[0]).toMatchObject({ decisions: 2, mature: 1, frauds: 1, auc: 1, fraudShare: 0.5 });
  });

  it('counts as genuine what nobody called a fraud, and takes the newest label', () => {
    const book = new QualityBook(delayMs), one = decision('a', { p: 0.9 });
    book.add(one);
    book.label(one, { fraud: false, knownMs: 20 });
    book.label(one, { fraud: true, knownMs: 10 });
    expect(book.weeks(Infinity)[0]).toMatchObject({ frauds: 0, auc: null });
  });

  it('tells versions, models and shadows apart, by week', () => {
    const book = new QualityBook(delayMs);
    book.add(decision('a', { models: [{ name: 'gbm', version: 1, p: 0.1, answers: true }, { name: 'next', version: 2, p: 0.2, answers: false }] }));
    book.add(decision('b', { timeMs: monday + weekMs, models: [{ name: 'gbm', version: 2, p: 0.1, answers: true }] }));
    expect(book.weeks(Infinity).map(({ model, version, answers, weekStartMs }) => [model, version, answers, weekStartMs])).toEqual([['gbm', 2, true, monday + weekMs], ['gbm', 1, true, monday], ['next', 2, false, monday]]);
    expect(book.weeks(Infinity, 'next')).toHaveLength(1);
  });

  it('keeps a bounded sample, and its figures are near those of all', () => {
    const random = new SeededRandom(7), book = new QualityBook(delayMs), all: Array<{ score: number; fraud: boolean }> = [];
    for (let index = 0; index < 20_000; index += 1) {
      const fraud = random.chance(0.02), p = Math.min(1, Math.max(0, random.normal(fraud ? 0.6 : 0.2, 0.15))), facts = decision(`t${index}`, { p, high: p > 0.45, alert: p > 0.7, timeMs: monday + random.int(0, 6) * dayMs });
      if (book.wants(facts)) book.add(facts); else book.pass(facts);
      if (fraud) book.label(facts, { fraud, knownMs: monday });
      all.push({ score: p, fraud });
    }
    const [week] = book.weeks(Infinity);
    expect(week?.rows).toBeLessThan(2 * rowsPerStratumMax + 1_000);
    expect(week?.decisions).toBe(20_000);
    expect(week?.auc).toBeCloseTo(rocAuc(all), 2);
    expect(week?.averagePrecision).toBeCloseTo(averagePrecision(all), 1);
    expect(week?.frauds).toBe(all.filter(({ fraud }) => fraud).length);
  });

  it('is the same after it was put away and taken up', () => {
    const book = new QualityBook(delayMs), again = new QualityBook(delayMs);
    for (let index = 0; index < 50; index += 1) book.add(decision(`t${index}`, { p: index / 50, high: index > 40 }));
    book.pass({ timeMs: monday, high: false }, 50);
    again.restore(JSON.parse(JSON.stringify(book.toJson())));
    expect(again.weeks(Infinity)).toEqual(book.weeks(Infinity));
  });
});
