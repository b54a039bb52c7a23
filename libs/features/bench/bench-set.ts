import type { StreamEvent } from '@weir/contracts';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';

export interface Figure { readonly bench: string; readonly metric: string; readonly value: number; readonly unit: string; readonly n: number; readonly work: string }

const source = {
  kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', partition_by: 'card', decide: true,
  fields: { transaction_id: 'string!', card_id: 'string!', merchant_id: 'string', device_id: 'string', amount: 'money!', status: 'string', country: 'string', lat: 'number', lon: 'number' },
};

/** 42 features over three entities, as the windows of card fraud are usually written. */
export function benchSet(): DefinitionSet {
  return resolveSet(documentsFromJson([
    source,
    { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Entity', name: 'merchant', key: 'merchant_id', hot: true }, { kind: 'Entity', name: 'device', key: 'device_id' },
    { kind: 'FeatureView', name: 'card_velocity', entity: 'card', source: 'transactions', features: [
      { name: 'tx_count', agg: 'count', windows: ['5m', '1h', '24h', '7d', '30d'] }, { name: 'amount_sum', agg: 'sum', of: 'amount', windows: ['1h', '24h', '7d', '30d'] },
      { name: 'amount_avg', agg: 'avg', of: 'amount', windows: ['24h', '30d'] }, { name: 'amount_max', agg: 'max', of: 'amount', windows: ['24h', '30d'] },
      { name: 'amount_stddev', agg: 'stddev', of: 'amount', windows: ['30d'] }, { name: 'merchants', agg: 'distinct', of: 'merchant_id', windows: ['24h', '7d'] },
      { name: 'declines', agg: 'count', where: 'tx.status == "declined"', windows: ['1h', '24h'] }, { name: 'last_country', agg: 'last', of: 'country' },
      { name: 'idle_seconds', agg: 'since_last' }, { name: 'speed', agg: 'geo_speed', of: ['lat', 'lon'] }, { name: 'vs_usual', expr: 'zscore(tx.amount, amount_avg_30d, amount_stddev_30d)' },
    ] },
    { kind: 'FeatureView', name: 'merchant_flow', entity: 'merchant', source: 'transactions', features: [
      { name: 'm_count', agg: 'count', windows: ['5m', '1h', '24h'] }, { name: 'm_sum', agg: 'sum', of: 'amount', windows: ['1h', '24h'] }, { name: 'm_avg', agg: 'avg', of: 'amount', windows: ['24h'] },
      { name: 'm_cards', agg: 'distinct', of: 'card_id', windows: ['1h'] }, { name: 'm_declines', agg: 'count', where: 'tx.status == "declined"', windows: ['1h', '24h'] }, { name: 'm_rate', expr: 'ratio(m_declines_24h, m_count_24h)' },
    ] },
    { kind: 'FeatureView', name: 'device_use', entity: 'device', source: 'transactions', features: [
      { name: 'd_count', agg: 'count', windows: ['1h', '24h', '7d'] }, { name: 'd_cards', agg: 'distinct', of: 'card_id', windows: ['24h', '7d'] }, { name: 'd_sum', agg: 'sum', of: 'amount', windows: ['24h'] },
      { name: 'd_max', agg: 'max', of: 'amount', windows: ['24h'] }, { name: 'd_idle', agg: 'since_last' },
    ] },
  ]));
}

const windows = (...of: string[]): string[] => of;

/** 90 features over three entities: every aggregate that state is kept for, over windows from 5 minutes to 30 days, filters, places and expressions. */
export function wideSet(): DefinitionSet {
  const over = (name: string, agg: string, of: string | undefined, spans: string[], more: object = {}): object => ({ name, agg, ...(of === undefined ? {} : { of }), windows: spans, ...more });
  const declined = { where: 'tx.status == "declined"' };
  return resolveSet(documentsFromJson([
    source, { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Entity', name: 'merchant', key: 'merchant_id', hot: true }, { kind: 'Entity', name: 'device', key: 'device_id' },
    { kind: 'FeatureView', name: 'card_velocity', entity: 'card', source: 'transactions', features: [ // 40
      over('c_count', 'count', undefined, windows('5m', '15m', '1h', '6h', '24h', '7d', '30d')), over('c_sum', 'sum', 'amount', windows('5m', '15m', '1h', '6h', '24h', '7d', '30d')), over('c_avg', 'avg', 'amount', windows('1h', '24h', '7d', '30d')),
      over('c_max', 'max', 'amount', windows('1h', '24h', '7d', '30d')), over('c_min', 'min', 'amount', windows('24h', '30d')), over('c_stddev', 'stddev', 'amount', windows('24h', '7d', '30d')), over('c_merchants', 'distinct', 'merchant_id', windows('1h', '24h', '7d')),
      over('c_declines', 'count', undefined, windows('1h', '24h', '7d'), declined), over('c_before', 'count', undefined, windows('1h', '24h'), { current: 'exclude' }), { name: 'c_country', agg: 'last', of: 'country' }, { name: 'c_idle', agg: 'since_last' },
      { name: 'c_speed', agg: 'geo_speed', of: ['lat', 'lon'] }, { name: 'c_usual', expr: 'zscore(tx.amount, c_avg_30d, c_stddev_30d)' }, { name: 'c_share', expr: 'ratio(c_sum_24h, c_sum_30d)' },
    ] },
    { kind: 'FeatureView', name: 'merchant_flow', entity: 'merchant', source: 'transactions', features: [ // 25
      over('m_count', 'count', undefined, windows('5m', '1h', '6h', '24h', '7d')), over('m_sum', 'sum', 'amount', windows('5m', '1h', '6h', '24h', '7d')), over('m_avg', 'avg', 'amount', windows('1h', '24h', '7d')), over('m_max', 'max', 'amount', windows('24h', '7d')),
      over('m_stddev', 'stddev', 'amount', windows('24h')), over('m_cards', 'distinct', 'card_id', windows('1h', '24h')), over('m_declines', 'count', undefined, windows('1h', '24h'), declined), over('m_p95', 'p95', 'amount', windows('24h')),
      { name: 'm_ever', agg: 'count' }, { name: 'm_turnover', agg: 'sum', of: 'amount' }, { name: 'm_idle', agg: 'since_last' }, { name: 'm_rate', expr: 'ratio(m_declines_24h, m_count_24h)' },
    ] },
    { kind: 'FeatureView', name: 'device_use', entity: 'device', source: 'transactions', features: [ // 25
      over('d_count', 'count', undefined, windows('1h', '24h', '7d', '30d')), over('d_sum', 'sum', 'amount', windows('1h', '24h', '7d', '30d')), over('d_avg', 'avg', 'amount', windows('24h', '7d')), over('d_max', 'max', 'amount', windows('24h', '7d')),
      over('d_min', 'min', 'amount', windows('24h', '7d')), over('d_stddev', 'stddev', 'amount', windows('24h', '7d')), over('d_cards', 'distinct', 'card_id', windows('24h', '7d')), over('d_merchants', 'distinct', 'merchant_id', windows('24h', '7d')),
      over('d_declines', 'count', undefined, windows('1h', '24h', '7d'), declined), { name: 'd_country', agg: 'last', of: 'country' }, { name: 'd_idle', agg: 'since_last' },
    ] },
  ]));
}

/** A small generator of its own: the same numbers everywhere, no clock. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

export interface Mix { readonly cards: number; readonly merchants: number; readonly devices: number; readonly meanGapMs: number; readonly seed: number }

/** Events in order of time; a tenth come up to 30 s late. */
export function benchEvents(set: DefinitionSet, count: number, mix: Mix): StreamEvent[] {
  const random = randomNumbers(mix.seed);
  const fields = set.sources.get('transactions')?.fields ?? [];
  let clockMs = Date.UTC(2025, 0, 1);
  return Array.from({ length: count }, (_, index): StreamEvent => {
    clockMs += Math.round(-Math.log(1 - random()) * mix.meanGapMs);
    const timeMs = random() < 0.1 ? clockMs - Math.floor(random() * 30_000) : clockMs;
    const card = Math.floor(random() ** 1.2 * mix.cards);
    const byName: Record<string, string | number | null> = {
      transaction_id: `t${index}`, card_id: `c${card}`, merchant_id: `m${Math.floor(random() ** 2 * mix.merchants)}`, device_id: `d${Math.floor(card / 2) % mix.devices}`,
      amount: 100 + Math.floor(random() * 100_000), status: random() < 0.1 ? 'declined' : 'authorised', country: random() < 0.9 ? 'DE' : 'FR', lat: 48 + random(), lon: 9 + random(), event_time: timeMs,
    };
    return { source: 'transactions', id: `t${index}`, timeMs, reportedTimeMs: timeMs, receivedAtMs: clockMs, values: fields.map((field) => byName[field.name] ?? null), marks: [], extra: undefined };
  });
}
