import type { FeatureVector, StreamEvent, Value } from '@weir/contracts';
import { compile } from '@weir/expressions';
import type { CelValue } from '@weir/expressions';
import type { ConditionFrame } from './condition-frame';
import { documentsFromJson } from './documents';
import { emptyFrame, exprEnvironment, patternEnvironment, ruleEnvironment, viewEnvironment } from './environments';
import type { ConditionEnvironment } from './environments';
import { resolveSet } from './resolve-set';

const set = resolveSet(documentsFromJson([
  { kind: 'Source', name: 'payments', id: 'id', time: 'at_time', decide: true, fields: { id: 'string!', card_id: 'string', amount: 'money', country: 'string', ok: 'bool', customer_id: 'string', seen: 'timestamp' } },
  { kind: 'Source', name: 'logins', id: 'id', time: 'when', fields: { id: 'string!', card_id: 'string', city: 'string', amount: 'string' } },
  { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Entity', name: 'customer', key: 'customer_id' },
  { kind: 'FeatureView', name: 'velocity', entity: 'card', source: 'payments', features: [{ name: 'n', agg: 'count', windows: ['1h'] }, { name: 'latest', agg: 'last', of: 'country' }, { name: 'top', agg: 'top_k', of: 'country', k: 2 }, { name: 'by', agg: 'counts_by', of: 'country', k: 5 }, { name: 'trusted', agg: 'last', of: 'ok' }, { name: 'double', expr: 'ratio(n_1h * 2, 1)' }] },
  { kind: 'FeatureView', name: 'access', entity: 'card', source: 'logins', features: [{ name: 'n', agg: 'count', windows: ['1h'] }, { name: 'logins_seen', agg: 'count' }] },
  { kind: 'FeatureView', name: 'money', entity: 'customer', source: 'payments', features: [{ name: 'spent', agg: 'sum', of: 'amount' }] },
  { kind: 'List', name: 'blocked', of: 'card_id' },
  { kind: 'Table', name: 'customers', key: 'customer_id', fields: { customer_id: 'string!', level: 'string', limit: 'money' } },
  { kind: 'Table', name: 'shops', key: 'shop_id', fields: { shop_id: 'string!' } },
  { kind: 'Pattern', name: 'burst', key: 'card', pattern: [{ name: 'a' }] },
]));
const payments = set.sources.get('payments');
const velocity = set.views.get('velocity');
if (payments === undefined || velocity === undefined) throw new Error('the set above has both');
const layout = set.layoutBySource.get('payments');
if (layout === undefined) throw new Error('every source has a layout');

function event(source: string, values: Readonly<Record<string, Value>>, timeMs = Date.UTC(2025, 0, 2, 3, 4, 5)): StreamEvent {
  const fields = set.sources.get(source)?.fields ?? [];
  return { source, id: 'e', timeMs, reportedTimeMs: timeMs, receivedAtMs: timeMs, values: fields.map((field) => values[field.name] ?? null), marks: [], extra: undefined };
}

function vector(values: Readonly<Record<string, number | string | readonly string[] | Readonly<Record<string, number>>>>): FeatureVector {
  const size = layout?.names.length ?? 0;
  const result = { layout: layout!, numbers: new Float64Array(size).fill(Number.NaN), others: new Array<undefined>(size).fill(undefined) as FeatureVector['others'], statuses: new Uint8Array(size) };
  for (const [name, value] of Object.entries(values)) {
    const slot = layout?.slotByName.get(name) ?? -1;
    if (typeof value === 'number') result.numbers[slot] = value;
    else result.others[slot] = value;
  }
  return result;
}

const evaluate = (source: string, environment: ConditionEnvironment, frame: Partial<ConditionFrame>): CelValue => compile(source, environment).evaluate({ ...emptyFrame(), ...frame });

describe('rules see', () => {
  const environment = ruleEnvironment(set, payments);
  const frame: Partial<ConditionFrame> = {
    event: event('payments', { card_id: 'c1', amount: 500, country: 'NO', ok: true, customer_id: 'u1' }),
    vector: vector({ 'velocity.n_1h': 4, latest: 'SE', top: ['NO', 'SE'], by: { NO: 3 }, trusted: 1, spent: 900, double: 8, logins_seen: 2 }),
    profiles: new Map([['customers', { customer_id: 'u1', level: 'gold', limit: null }]]),
    matched: new Set(['burst']), score: 0.25,
    lists: { holds: (list, value, atMs) => list === 'blocked' && value === 'c1' && atMs > 0 },
  };
  it.each<[string, CelValue]>([
    ['tx.amount + 1', 501], ['tx.ok', true], ['tx.country', 'NO'], ['tx.at_time.getHours()', 3], ['tx.seen == null', true],
    ['features.velocity.n_1h', 4], ['features.latest', 'SE'], ['features.velocity.latest', 'SE'], ['"SE" in features.top', true], ['features.by.NO', 3], ['features.trusted', true], ['features.spent', 900],
    ['features.access.n_1h == null', true], ['features.logins_seen', 2], ['profile.customers.level', 'gold'], ['profile.customers.limit == null', true], ['matches.burst', true], ['score', 0.25],
    ['tx.card_id in lists.blocked', true], ['tx.country in lists.blocked', false],
  ])('%s', (source, value) => { expect(evaluate(source, environment, frame)).toEqual(value); });

  it.each(['tx.amount', 'features.latest', 'features.trusted', 'features.spent', 'profile.customers.level', 'score', 'tx.card_id in lists.blocked'])('%s as missing where there is none', (source) => {
    expect(evaluate(source, environment, { event: event('payments', {}), vector: vector({}) })).toBeUndefined();
    expect(evaluate(source, environment, {})).toBeUndefined();
  });

  it.each([
    ['tx.nothing', /fields of payments: amount/], ['features.n_1h', /one of features\.velocity\.n_1h, features\.access\.n_1h|one of features\.access\.n_1h, features\.velocity\.n_1h/], ['features.velocity.nothing', /features of velocity: n_1h/], ['features.nothing.n', /views: access, money, velocity/],
    ['profile.nothing.x', /tables: customers, shops/], ['profile.customers.nothing', /fields of customers/], ['profile.shops.shop_id', /the key of shops is shop_id/], ['matches.nothing', /patterns: burst/], ['tx.card_id in lists.nothing', /blocked/], ['nothing.x', /one of tx, features, profile/],
    ['constructor.x', /one of tx/], ['tx.toString', /fields of payments/],
  ])('%s refused with what there is instead', (source, expected) => { expect(() => compile(source, environment)).toThrow(expected); });
});

describe('a view sees', () => {
  it('the event and the profile, and nothing computed', () => {
    const environment = viewEnvironment(set, velocity);
    expect(evaluate('tx.amount > 1 && profile.customers.level == "gold"', environment, { event: event('payments', { amount: 2 }), profiles: new Map([['customers', { level: 'gold' }]]) })).toBe(true);
    expect(() => compile('features.latest == "x"', environment)).toThrow(/one of tx, profile/);
  });
});

describe('an expression sees', () => {
  const environment = exprEnvironment(set, velocity);
  it.each<[string, CelValue]>([
    ['ratio(n_1h, 8)', 0.5], ['ratio(n_1h, 0)', undefined], ['ratio(n_1h, tx.amount)', undefined], ['trend(n_1h, 2)', 1], ['trend(n_1h, 0)', undefined], ['zscore(n_1h, 1, 2)', 1.5], ['zscore(n_1h, 1, 0)', undefined], ['zscore(tx.amount, 1, 2)', undefined], ['double + 1.0', 9], ['tx.country == null', true],
  ])('%s', (source, value) => { expect(evaluate(source, environment, { vector: vector({ 'velocity.n_1h': 4, double: 8 }) })).toEqual(value); });
  it('a field of an event of another source where name and type agree, and nothing of it elsewhere', () => {
    const logins = { event: event('logins', { id: 'x', card_id: 'c9', amount: 'text', city: 'Oslo' }) };
    expect(evaluate('tx.card_id', environment, logins)).toBe('c9');
    expect(evaluate('tx.amount', environment, logins)).toBeUndefined();
    expect(evaluate('tx.country', environment, logins)).toBeUndefined();
    expect(evaluate('tx.amount', environment, { event: event('payments', { amount: 7 }) })).toBe(7);
    expect(() => compile('tx.city', environment)).toThrow(/fields of payments/);
  });
  it('a text in ratio refused', () => { expect(() => compile('ratio(latest, n_1h)', environment)).toThrow(/ratio\(a, b\) of numbers/); });
});

describe('a pattern sees', () => {
  const both = { sources: ['payments', 'logins'] };
  const taken = new Map([['small', [event('payments', { amount: 100, country: 'NO' }, 1000), event('payments', { amount: 300 }, 2000), event('logins', { city: 'Oslo' }, 3000)]]]);
  it.each<[string, CelValue]>([
    ['count(small)', 3], ['count(small.country)', 1], ['first(small.country)', 'NO'], ['last(small.country) == null', true], ['count(none)', 0], ['last(small.city)', 'Oslo'], ['tx.city == "Bergen"', true], ['tx.country == null', true], ['size(small)', 3],
  ])('%s, over events of several sources', (source, value) => { expect(evaluate(source, patternEnvironment(set, both, ['small', 'none']), { event: event('logins', { city: 'Bergen' }), taken })).toEqual(value); });

  it.each<[string, CelValue]>([
    ['sum(small.amount)', 400], ['avg(small.amount)', 200], ['min(small.amount)', 100], ['max(small.amount)', 300], ['tx.amount > 3 * sum(small.amount)', true], ['sum(none.amount)', 0], ['max(none.amount) == null', true], ['avg(none.amount) == null', true],
    ['last(small.at_time) - first(small.at_time) == duration("1s")', true], ['features.latest == "SE"', true],
  ])('%s', (source, value) => {
    const events = new Map([['small', taken.get('small')?.slice(0, 2) ?? []]]);
    expect(evaluate(source, patternEnvironment(set, { sources: ['payments'] }, ['small', 'none']), { event: event('payments', { amount: 2000 }), taken: events, vector: vector({ latest: 'SE' }) })).toEqual(value);
  });

  it.each([['tx.amount > 1', both, /int in payments and string in logins|string in logins/], ['sum(small.country)', { sources: ['payments'] }, /numeric field/], ['score > 1', { sources: ['payments'] }, /one of tx, features, profile, small/], ['large.amount > 1', { sources: ['payments'] }, /small/]])('%s refused', (source, pattern, expected) => {
    expect(() => compile(source, patternEnvironment(set, pattern, ['small']))).toThrow(expected);
  });
});
