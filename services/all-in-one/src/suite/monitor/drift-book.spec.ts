import { SeededRandom } from '@weir/testkit';
import { keyOf, type DecisionFacts } from './decision-facts';
import { backgroundRowsMin, DriftBook, referenceRowsMin, windowRowsMin } from './drift-book';

const hourMs = 3_600_000, startMs = Date.UTC(2026, 0, 5);
let made = 0;
const decision = (timeMs: number, values: DecisionFacts['values']): DecisionFacts => ({ key: keyOf(`t${made++}`), timeMs, card: 'c', alert: false, high: false, models: [], values });
/** A window of decisions, the amount around a middle. */
function fill(book: DriftBook, hour: number, of: { readonly count: number; readonly middle?: number; readonly country?: string; readonly missing?: number }): void {
  const random = new SeededRandom(hour + 1);
  for (let index = 0; index < of.count; index += 1) {
    book.add(decision(startMs + hour * hourMs + index, { 'tx:amount': random.chance(of.missing ?? 0) ? null : random.normal(of.middle ?? 50, 10), 'tx:country': of.country !== undefined && random.chance(0.1) ? of.country : random.pick(['DE', 'FR']), 'tx:id': `t${made}` }));
  }
}
/** A first window, which is no reference for anything. */
function begun(): DriftBook {
  const book = new DriftBook(hourMs);
  fill(book, -1, { count: 1, middle: 500 });
  return book;
}
const passed = (book: DriftBook): Record<string, readonly string[]> => Object.fromEntries((book.windows()[0]?.features ?? []).map((feature) => [feature.feature, feature.passed]));

describe('DriftBook', () => {
  it('says nothing before it has a reference and enough decisions, and takes none of the first window for usual', () => {
    const book = begun();
    fill(book, 0, { count: referenceRowsMin - 1 });
    expect(book.windows()).toEqual([]);
    fill(book, 1, { count: windowRowsMin - 1 });
    expect([book.isReady, book.windows().length]).toEqual([true, 0]);
  });

  it('compares each window with the first decisions, and finds nothing where nothing changed', () => {
    const book = begun();
    for (let hour = 0; hour < 4; hour += 1) fill(book, hour, { count: referenceRowsMin });
    expect(passed(book)).toEqual({ 'tx:amount': [], 'tx:country': [] });
    expect(book.windows()).toHaveLength(4);
  });

  it.each([
    ['a number', { middle: 80 }, 'tx:amount', 'psi'], ['a category that is new', { country: 'BR' }, 'tx:country', 'newCategoriesShare'], ['values that are missing', { missing: 0.3 }, 'tx:amount', 'missingRateChange'],
  ] as const)('finds %s', (_name, change, feature, limit) => {
    const book = begun();
    fill(book, 0, { count: referenceRowsMin });
    fill(book, 1, { count: referenceRowsMin, ...change });
    expect(passed(book)[feature]).toContain(limit);
  });

  it('takes the rows kept with a model as the reference of its inputs, and another one with another model', () => {
    const book = begun(), random = new SeededRandom(3);
    book.useBackground('one', { 'tx:amount': Float64Array.from({ length: 200 }, () => random.normal(200, 10)) });
    fill(book, 0, { count: referenceRowsMin });
    expect(book.windows()[0]?.features.find(({ feature }) => feature === 'tx:amount')).toMatchObject({ reference: 'background', passed: expect.arrayContaining(['psi']) as unknown });
    book.useBackground('two', { 'tx:amount': Float64Array.from({ length: 200 }, () => random.normal(50, 10)) });
    expect(passed(book)['tx:amount']).toEqual([]);
  });

  it('takes fewer rows kept with a model than say anything for no reference', () => {
    const book = begun();
    book.useBackground('few', { 'tx:amount': Float64Array.from({ length: backgroundRowsMin - 1 }, () => 900) });
    fill(book, 0, { count: referenceRowsMin });
    fill(book, 1, { count: referenceRowsMin });
    expect(book.windows()[0]?.features.find(({ feature }) => feature === 'tx:amount')).toMatchObject({ reference: 'decisions', passed: [] });
  });

  it('compares what a long window holds once the world is as old as the window, and not while it grows', () => {
    const book = begun(), random = new SeededRandom(5);
    book.useSettling({ 'tx:amount': 3 * hourMs });
    book.useBackground('grown', { 'tx:amount': Float64Array.from({ length: 400 }, () => random.normal(80, 10)) });
    for (const [hour, middle] of [30, 50, 70, 80, 80, 120].entries()) {
      fill(book, hour, { count: referenceRowsMin, middle });
      expect([hour, passed(book)['tx:amount']?.includes('psi')]).toEqual([hour, hour < 3 ? undefined : hour === 5]);
    }
  });

  it('makes the reference of what settles late of the decisions after it has settled', () => {
    const book = begun();
    book.useSettling({ 'tx:amount': 2 * hourMs });
    for (const [hour, middle] of [30, 60, 80, 80, 80].entries()) fill(book, hour, { count: referenceRowsMin, middle });
    expect([passed(book), book.isReady]).toEqual([{ 'tx:amount': [], 'tx:country': [] }, true]);
    fill(book, 5, { count: referenceRowsMin, middle: 130 });
    expect(passed(book)['tx:amount']).toContain('psi');
  });

  it('is the same after it was put away and taken up', () => {
    const book = begun(), again = new DriftBook(hourMs);
    fill(book, 0, { count: referenceRowsMin });
    fill(book, 1, { count: 300, middle: 70 });
    again.restore(JSON.parse(JSON.stringify(book.toJson())));
    expect(again.windows()).toEqual(book.windows());
  });
});
