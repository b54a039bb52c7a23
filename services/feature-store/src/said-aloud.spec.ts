import { vectorToRecord, type EventItem, type Value } from '@weir/contracts';
import { FeatureStage } from './feature-stage';
import { setOf, TestLane } from './testing/lane-kit';

/** What is not exact, not whole or out of date says so, at the very event where it begins. */

const startMs = Date.UTC(2026, 0, 5);
const source = { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true, fields: { transaction_id: 'string!', event_time: 'timestamp', card_id: 'string', merchant_id: 'string', amount: 'money' } };
const card = { kind: 'Entity', name: 'card', key: 'card_id' };
const set = setOf(source, card, {
  kind: 'FeatureView', name: 'use', entity: 'card', source: 'transactions', ttl: '1h',
  features: [
    { name: 'n', agg: 'count', windows: ['24h'] }, { name: 'merchants', agg: 'distinct', of: 'merchant_id', windows: ['24h'] }, { name: 'p90', agg: 'p90', of: 'amount', windows: ['24h'] },
    { name: 'all_merchants', agg: 'distinct', of: 'merchant_id' }, { name: 'all_p90', agg: 'p90', of: 'amount' }, { name: 'sum', agg: 'sum', of: 'amount' },
  ],
});

function stream(count: number, values: (index: number) => Readonly<Record<string, Value>>): { stage: FeatureStage; items: EventItem[] } {
  const stage = new FeatureStage({ lane: 0 }), lane = new TestLane();
  stage.process([lane.definitions(set)]);
  const items = Array.from({ length: count }, (_, index) => lane.event(set, { transaction_id: `t${index}`, event_time: startMs + index * 1_000, card_id: 'c', ...values(index) }));
  stage.process(items);
  return { stage, items };
}
const read = (item: EventItem | undefined): { features: Record<string, unknown>; statuses: Record<string, string> } => (item?.vector === undefined ? { features: {}, statuses: {} } : vectorToRecord(item.vector));

describe('the cap of 512 events', () => {
  it('is exact at 512 in the window, and APPROXIMATE from the 513th on, never counting less', () => {
    const { items } = stream(700, (index) => ({ merchant_id: 'm', amount: index }));
    expect([read(items[511]).features['n_24h'], read(items[511]).statuses['n_24h']]).toEqual([512, 'PRESENT']);
    expect(read(items[512]).statuses['n_24h']).toBe('APPROXIMATE');
    expect(read(items[699]).features['n_24h']).toBe(700); // all lie within the day, so the hop adds nothing
  });
});

describe('distinct values', () => {
  it('are exact up to 256 and HyperLogLog above, within 2 % of the standard error times three', () => {
    const { items } = stream(5_000, (index) => ({ merchant_id: `m-${index}`, amount: 1 }));
    expect([read(items[255]).features['all_merchants'], read(items[255]).statuses['all_merchants']]).toEqual([256, 'PRESENT']);
    expect(read(items[256]).statuses['all_merchants']).toBe('APPROXIMATE');
    const { features, statuses } = read(items[4_999]);
    expect(statuses['all_merchants']).toBe('APPROXIMATE');
    expect(Math.abs(Number(features['all_merchants']) - 5_000) / 5_000).toBeLessThan(0.06);
  });
});

describe('percentiles', () => {
  it('are exact while the events are kept as they are, and of a sketch within 1 % when they are tiles', () => {
    const { items } = stream(3_000, (index) => ({ merchant_id: 'm', amount: 1_000 + ((index * 7_919) % 3_000) }));
    const sorted = (count: number): number[] => Array.from({ length: count }, (_, index) => 1_000 + ((index * 7_919) % 3_000)).sort((a, b) => a - b);
    const exact = (count: number): number => { const values = sorted(count), rank = 0.9 * (count - 1), low = Math.floor(rank); return (values[low] as number) + (rank - low) * ((values[low + 1] ?? values[low]) as number - (values[low] as number)); };
    expect(read(items[499]).features['p90_24h']).toBeCloseTo(exact(500), 6);
    expect(read(items[499]).statuses['p90_24h']).toBe('PRESENT');
    const { features, statuses } = read(items[2_999]);
    expect([statuses['p90_24h'], statuses['all_p90']]).toEqual(['APPROXIMATE', 'APPROXIMATE']);
    expect(Math.abs(Number(features['all_p90']) - exact(3_000)) / exact(3_000)).toBeLessThan(0.0101);
  });
});

describe('a ttl', () => {
  it('holds to the ms online: an hour old is valid, a ms more is OUTSIDE_MAX_AGE and null, and no event is taken out', () => {
    const { stage } = stream(3, () => ({ merchant_id: 'm', amount: 5 }));
    const at = (ms: number) => stage.read({ entityType: 'card', key: 'c', atMs: ms });
    const newestMs = startMs + 2_000;
    expect([at(newestMs + 3_600_000)?.features['sum'], at(newestMs + 3_600_000)?.statuses['sum']]).toEqual([15, 'PRESENT']);
    expect([at(newestMs + 3_600_001)?.features['sum'], at(newestMs + 3_600_001)?.statuses['sum']]).toEqual([null, 'OUTSIDE_MAX_AGE']);
  });
});

describe('a view that begins midway', () => {
  it('is WARMING until its window lies behind its beginning, and says since when', () => {
    const first = setOf(source, card), stage = new FeatureStage({ lane: 0 }), lane = new TestLane();
    const pay = (ms: number): EventItem => { const item = lane.event(set, { transaction_id: `t${ms}`, event_time: startMs + ms, card_id: 'c', merchant_id: 'm', amount: 1 }); stage.process([item]); return item; };
    stage.process([lane.definitions(first)]);
    pay(0);
    stage.process([lane.definitions(set)]);
    expect(read(pay(1_000)).statuses).toMatchObject({ n_24h: 'WARMING', sum: 'WARMING' });
    expect(stage.read({ entityType: 'card', key: 'c', atMs: startMs + 1_000 })?.since['n_24h']).toBe(startMs + 1);
    const dayLater = read(pay(86_400_000 + 1_000));
    expect([dayLater.statuses['n_24h'], dayLater.statuses['sum']]).toEqual(['PRESENT', 'WARMING']);
  });
});
