import { readPattern } from './shorthand';

const read = (...steps: unknown[]): unknown => readPattern({ steps, withinMs: null, skip: 'none' }).pattern.steps.map((step) => JSON.parse(JSON.stringify(step)));
const step = (name: string, fields: Record<string, unknown> = {}): Record<string, unknown> => ({ name, where: 'true', ...fields });
const plain = { optional: false, greedy: false, inner: 'relaxed' };

describe('the shorthand of a step', () => {
  it.each([
    [{}, { contiguity: 'next' }],
    [{ next: true }, { contiguity: 'next' }],
    [{ followed_by: true }, { contiguity: 'followedBy' }],
    [{ followed_by_any: true }, { contiguity: 'followedByAny' }],
    [{ not_next: true }, { contiguity: 'notNext' }],
    [{ not_followed_by: true }, { contiguity: 'notFollowedBy' }],
    [{ times: 3 }, { contiguity: 'next', quantifier: { ...plain, min: 3, max: 3 } }],
    [{ times: [1, 3], consecutive: true }, { contiguity: 'next', quantifier: { ...plain, min: 1, max: 3, inner: 'consecutive' } }],
    [{ times_or_more: 2, allow_combinations: true }, { contiguity: 'next', quantifier: { ...plain, min: 2, max: null, inner: 'allowCombinations' } }],
    [{ one_or_more: true, greedy: true, times_within: '1m' }, { contiguity: 'next', quantifier: { ...plain, min: 1, max: null, greedy: true, windowMs: 60_000 } }],
    [{ optional: true }, { contiguity: 'next', quantifier: { ...plain, min: 1, max: 1, optional: true, single: true } }],
    [{ within: '5m' }, { contiguity: 'next', within: { ms: 300_000, type: 'prev-curr' } }],
    [{ one_or_more: true, until: 'tx.amount > 5' }, { contiguity: 'next', until: 'tx.amount > 5', quantifier: { ...plain, min: 1, max: null } }],
  ] as const)('%j means %j', (fields, meaning) => {
    expect(read(step('a'), step('b', fields))).toEqual([{ name: 'a', where: 'true', contiguity: 'start' }, { name: 'b', where: 'true', ...meaning }]);
  });

  it('leaves the JSON form as it is, in groups too', () => {
    const group = { contiguity: 'start', group: { steps: [{ name: 'a', contiguity: 'start', where: { field: 'name', op: 'eq', value: 'a' } }] }, quantifier: { ...plain, min: 2, max: null } };
    expect(read(group)).toEqual([group]);
  });

  it.each([
    ['none', { strategy: 'noSkip' }],
    ['past_last_event', { strategy: 'skipPastLastEvent' }],
    ['to_next', { strategy: 'skipToNext' }],
    [{ to_first: 'a' }, { strategy: 'skipToFirst', pattern: 'a' }],
    [{ to_last: 'a' }, { strategy: 'skipToLast', pattern: 'a' }],
  ])('skip %j means %j', (skip, meaning) => {
    expect(readPattern({ steps: [step('a')], withinMs: null, skip }).skip).toEqual(meaning);
  });

  it.each([
    [{ followed_by: true, not_next: true }, 'not_next'],
    [{ times: 2, one_or_more: true }, 'times'],
    [{ greedy: true }, 'greedy'],
    [{ times: 2, consecutive: true, allow_combinations: true }, 'allow_combinations'],
    [{ within: 'soon' }, 'within'],
  ])('refuses %j at the field %s', (fields, field) => {
    expect(() => read(step('a'), step('b', fields))).toThrow(expect.objectContaining({ code: 'WEIR_PATTERN_INVALID', findings: [expect.objectContaining({ field })] }));
  });
});
