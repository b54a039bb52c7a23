import { definitionSet, definitionsText } from '../../../test/suite-fixture';
import { settlingOf } from './settling';

const hourMs = 3_600_000, dayMs = 24 * hourMs;
const more = `---
kind: FeatureView
name: more
entity: card
source: transactions
features:
  - { name: hour, expr: "tx.event_time.getHours()" }
  - { name: large_hour, expr: "tx.amount > 5 ? tx.event_time.getHours() : 0" }
  - { name: late_sum, agg: sum, of: amount, window: { kind: month, zone: UTC } }
  - { name: weekly, agg: sum, of: amount, windows: [7d], delay: 7d }
  - { name: share, expr: "ratio(late_sum, weekly_7d)" }
  - { name: five, agg: sum, of: amount, window: { last: 5 } }
`;

describe('what a value looks back on', () => {
  it('is how long it takes until it is what it will be', () => {
    const settling = settlingOf(definitionSet(definitionsText + more));
    expect(settling).toMatchObject({
      tx_count_5m: 300_000, tx_count_1h: hourMs, amount_sum_24h: dayMs, hour: Infinity, large_hour: 0, late_sum: 31 * dayMs, weekly_7d: 14 * dayMs, share: 31 * dayMs, five: 30 * dayMs, score: 31 * dayMs,
    });
    expect(settling['tx:amount']).toBeUndefined();
  });
});
