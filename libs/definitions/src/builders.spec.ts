import { cel, entity, list, model, pattern, policy, rule, scoringFunction, service, source, table, view } from './builders';
import type { FeaturesOf, VectorOf } from './builders';
import { documentsFromJson, parseDocuments } from './documents';
import { resolveSet } from './resolve-set';

const transactions = source({
  name: 'transactions', id: 'transaction_id', time: 'event_time', partition_by: 'card', decide: true,
  fields: { transaction_id: 'string!', card_id: { type: 'string!', tokenise: true, mask: 'card', class: 'L4' }, amount: { type: 'money!', min: 0 }, country: 'string', lat: 'number', lon: 'number', customer_id: 'string' },
});
const velocity = view({
  name: 'velocity', entity: 'card', source: transactions,
  features: [
    { name: 'tx_count', agg: 'count', windows: ['5m', '1h'] },
    { name: 'spend', agg: 'sum', of: 'amount', window: '24h' },
    { name: 'double_spend', agg: 'sum', of: cel('tx.amount * 2'), windows: ['1h'] },
    { name: 'last_country', agg: 'last', of: 'country' },
    { name: 'countries', agg: 'top_k', of: 'country', k: 3 },
    { name: 'speed', agg: 'geo_speed', of: ['lat', 'lon'] },
    { name: 'share', expr: 'ratio(tx.amount, spend)' },
  ],
});
const fraud = service({ name: 'fraud_v1', source: transactions, views: [velocity], features: ['tx:amount', 'velocity:tx_count_5m', 'velocity:spend'] });
const all = [
  transactions, entity({ name: 'card', key: 'card_id' }), velocity, fraud,
  table({ name: 'customers', key: 'customer_id', fields: { customer_id: 'string!', level: 'string' } }),
  pattern({ name: 'small_then_large', key: 'card', pattern: [{ name: 'small', where: 'tx.amount < 10000', times: 3 }, { name: 'large', followed_by: true, where: 'tx.amount > 100 * max(small.amount)' }], within: '5m', weight: 0.9 }),
  rule({ name: 'many', when: 'features.tx_count_1h > 10', weight: 0.4, then: [{ add_to_list: { list: 'blocked' } }] }),
  list({ name: 'blocked', of: 'card_id', effect: 'hard', ttl: '30d' }),
  model({ name: 'gbm', file: 'gbm.onnx', features: fraud, role: 'shadow' }),
  policy({ name: 'default', bands: { review: 0.3, block: 0.8 } }),
];

const yaml = `
kind: Source
name: transactions
id: transaction_id
time: event_time
fields:
  customer_id: string
  transaction_id: { type: string! }
  card_id: { type: string!, class: L4, mask: card, tokenise: true }
  amount: { type: money!, min: 0 }
  country: string
  lat: number
  lon: number
  event_time: timestamp!
---
{ kind: Entity, name: card, key: [card_id], hot: false }
---
kind: FeatureView
name: velocity
entity: card
source: transactions
features:
  - { name: tx_count, agg: count, windows: [5m, 1h] }
  - { name: spend, agg: sum, of: amount, window: 1d, bounds: open }
  - { name: double_spend_1h, agg: sum, of: tx.amount * 2, window: 60m }
  - { name: last_country, agg: last, of: country }
  - { name: countries, agg: top_k, of: country, k: 3 }
  - { name: speed, agg: geo_speed, of: [lat, lon] }
  - { name: share, expr: "ratio(tx.amount, spend)" }
---
{ kind: FeatureService, name: fraud_v1, features: ["tx:amount", "velocity:tx_count_5m", "velocity:spend"] }
---
{ kind: Table, name: customers, key: customer_id, fields: { customer_id: string!, level: string } }
---
kind: Pattern
name: small_then_large
key: card
pattern:
  - { name: small, where: tx.amount < 10000, times: 3 }
  - { name: large, followed_by: true, where: "tx.amount > 100 * max(small.amount)" }
within: 300s
weight: 0.9
---
{ kind: Rule, name: many, when: features.tx_count_1h > 10, weight: 0.4, then: [{ add_to_list: { list: blocked, value: tx.card_id } }] }
---
{ kind: List, name: blocked, of: card_id, effect: hard, ttl: 720h }
---
{ kind: Model, name: gbm, file: gbm.onnx, features: fraud_v1, output: "probabilities[1]", role: shadow }
---
{ kind: Policy, name: default }
`;

describe('definitions in TypeScript', () => {
  it('are the same set as the YAML that says the same, whatever is left to defaults', () => {
    const built = resolveSet(documentsFromJson(all));
    expect(built.canonicalJson).toBe(resolveSet(parseDocuments([{ file: 'all.yaml', text: yaml }])).canonicalJson);
  });

  it('tell the compiler the names and types of features, windows included', () => {
    const features: FeaturesOf<typeof velocity> = { tx_count_5m: 1, tx_count_1h: 2, spend: 300, double_spend_1h: null, last_country: 'NO', countries: ['NO', null], speed: null, share: 0.5 };
    // @ts-expect-error a country is text
    features satisfies { readonly last_country: number | null };
    const scoring = scoringFunction(fraud, (vector) => (vector['velocity:tx_count_5m'] ?? 0) / 100 + (vector['tx:amount'] ?? 0) / 1e9);
    const vector: VectorOf<typeof fraud> = { 'tx:amount': 1000, 'velocity:tx_count_5m': 7, 'velocity:spend': null };
    expect(scoring.score(vector)).toBeCloseTo(0.070001);
    // @ts-expect-error the service has no such feature
    scoringFunction(fraud, (given) => given['velocity:tx_count_7d'] ?? 0);
  });

  it('refuse at compile time what names no field, or sums a text', () => {
    // @ts-expect-error country is no number
    view({ name: 'v', entity: 'card', source: transactions, features: [{ name: 'x', agg: 'sum', of: 'country' }] });
    // @ts-expect-error there is no such field
    view({ name: 'v', entity: 'card', source: transactions, features: [{ name: 'x', agg: 'last', of: 'nothing' }] });
    // @ts-expect-error there is no such feature
    const wrong = service({ name: 's', source: transactions, views: [velocity], features: ['velocity:nothing'] });
    expect(() => resolveSet(documentsFromJson([...all, wrong]))).toThrow('velocity:nothing');
  });
});
