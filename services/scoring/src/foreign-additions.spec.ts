import type { ListChange } from '@weir/contracts';
import { ForeignAdditions } from './foreign-additions';

const added = (value: string, lane: number, offset: number): ListChange => ({ op: 'put', list: 'l', value, fromMs: 0, untilMs: null, by: `d-${lane}-${offset}`, reason: '', origin: { lane, offset } });
const byHand: ListChange = { op: 'remove', list: 'l', value: 'x', by: 'somebody' };
const stateOf = (additions: ForeignAdditions) => {
  const entries = new Map(additions.takeChanges());
  return { get: (key: string) => entries.get(key), scan: () => [] };
};

describe('What decisions of other lanes listed', () => {
  it('is taken once, also after a restart, and all changes of one decision together', () => {
    const before = new ForeignAdditions();
    expect(before.fresh([added('a', 1, 5), added('b', 1, 5), added('c', 2, 3), byHand])).toHaveLength(4);
    expect(before.fresh([added('a', 1, 5), added('c', 2, 3), byHand, added('d', 1, 6)])).toEqual([byHand, added('d', 1, 6)]);
    const after = new ForeignAdditions();
    after.restore(stateOf(before));
    expect(after.fresh([added('d', 1, 6), added('e', 1, 7)])).toEqual([added('e', 1, 7)]);
  });

  it('is no state where nothing came from another lane', () => {
    const additions = new ForeignAdditions();
    expect(additions.fresh([byHand])).toEqual([byHand]);
    expect([...additions.takeChanges()]).toEqual([]);
  });
});
