import { SeededRandom } from '@weir/testkit';
import { categoriesMax, categoryDrift, categoryReference, limitsPassed, numericDrift } from './feature-drift';
import { numericReference, referenceSampleMax } from './numeric-reference';

const normals = (seed: number, count: number, mean = 0): number[] => { const random = new SeededRandom(seed); return Array.from({ length: count }, () => random.normal(mean, 1)); };

describe('numericDrift', () => {
  it('is nothing when the reference is the current window', () => {
    const values = normals(1, 500);
    const drift = numericDrift(numericReference(values), values);
    expect(drift).toMatchObject({ psi: 0, jensenShannon: 0, kolmogorovSmirnov: { distance: 0, pValue: 1 } });
    expect(limitsPassed(drift)).toEqual([]);
  });

  it('is nothing to speak of in another window of the same kind', () => {
    expect(limitsPassed(numericDrift(numericReference(normals(1, 5_000)), normals(2, 5_000)))).toEqual([]);
  });

  it('is seen in every distance when the values shift', () => {
    expect(limitsPassed(numericDrift(numericReference(normals(1, 5_000)), normals(2, 5_000, 1)))).toEqual(['psi', 'kolmogorovSmirnov', 'jensenShannon']);
  });

  it('is seen when values go missing', () => {
    const current = normals(2, 1_000).map((value, index) => (index % 10 === 0 ? Number.NaN : value));
    const drift = numericDrift(numericReference(normals(1, 1_000)), current);
    expect(drift.missingRate).toEqual({ reference: 0, current: 0.1 });
    expect(limitsPassed(drift)).toContain('missingRateChange');
  });

  it.each([['nothing in the reference', [], [1, 2]], ['nothing now', [1, 2], []], ['only missing values', [1, 2], [Number.NaN]], ['one value', [3, 3, 3], [3, 4]]])('gives numbers for %s', (_name, reference, current) => {
    const drift = numericDrift(numericReference(reference), current);
    for (const value of [drift.psi, drift.jensenShannon, drift.kolmogorovSmirnov?.distance, drift.kolmogorovSmirnov?.pValue]) expect(Number.isFinite(value)).toBe(true);
  });

  it('keeps a reference small, and JSON as it stands', () => {
    const reference = numericReference(normals(1, referenceSampleMax + 5_000));
    expect(reference.sample).toHaveLength(referenceSampleMax);
    expect(JSON.parse(JSON.stringify(reference))).toEqual(reference);
  });
});

describe('categoryDrift', () => {
  const reference = categoryReference(['DE', 'DE', 'FR', 'FR', 'FR', null, 'IT', 'DE', 'DE', 'FR']);

  it('is nothing for the same shares', () => {
    expect(limitsPassed(categoryDrift(reference, ['DE', 'DE', 'FR', 'FR', 'FR', null, 'IT', 'DE', 'DE', 'FR']))).toEqual([]);
  });

  it('names categories that are new, and their share', () => {
    const drift = categoryDrift(reference, ['DE', 'DE', 'BR', 'FR', 'XX', null, 'IT', 'DE', 'DE', 'BR']);
    expect(drift).toMatchObject({ newCategories: ['BR', 'XX'], newCategoriesShare: 0.3 });
    expect(limitsPassed(drift)).toContain('newCategoriesShare');
  });

  it('calls nothing new when it could not keep every category', () => {
    const many = categoryReference(Array.from({ length: categoriesMax + 1 }, (_, index) => `c${index}`));
    expect(many.complete).toBe(false);
    expect(categoryDrift(many, ['other']).newCategories).toEqual([]);
  });
});
