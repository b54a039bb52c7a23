import { setOf } from '../../test/rule-set';
import { labelOf, plain } from './labels';

describe('labels', () => {
  const set = setOf(), source = set.sources.get('transactions');
  if (!source) throw new RangeError('no source');

  it.each([
    [['tx', 'amount'], 1_000_001, 'amount', '10,000.01'], [['tx', 'amount'], -5, 'amount', '-0.05'], [['tx', 'amount'], 0, 'amount', '0.00'], [['tx', 'amount'], 100_000_000, 'amount', '1,000,000.00'],
    [['tx', 'event_time'], 0, 'event_time', '1970-01-01T00:00:00.000Z'], [['features', 'by_card', 'tx_count_1h'], 7, 'tx_count_1h', '7'], [['score'], 0.25, "the model's p", '0.25'],
    [['profile', 'customers', 'level'], 'gold', 'level of customers', 'gold'], [['tx', 'country'], undefined, 'country', 'missing'],
  ] as const)('names %j with %j as "%s %s"', (path, value, name, text) => {
    const label = labelOf(path, set, source);
    expect([label.name, label.format(value)]).toEqual([name, text]);
  });

  it.each([[999, '999'], [1_000, '1,000'], [-1_234_567, '-1,234,567'], [-999, '-999'], [0.1 + 0.2, '0.3'], [1e21, '1e+21'], ['', '""'], [true, 'true'], [[1, 'a'], '[1,"a"]']])('writes %j as %s', (value, text) => {
    expect(plain(value)).toBe(text);
  });
});
