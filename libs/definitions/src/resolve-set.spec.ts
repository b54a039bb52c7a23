import { WeirError } from '@weir/contracts';
import type { DefinitionSet, FeatureView } from './definition-set';
import { documentsFromJson, parseDocuments } from './documents';
import { definitionsOf, definitionsYaml, meaningId } from './canonical-document';
import { emptySet, resolveCanonicalSet, resolveSet } from './resolve-set';

type Json = Record<string, unknown>;
const source = (more: Json = {}): Json => ({ kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', fields: { transaction_id: 'string!', card_id: 'string!', merchant_id: 'string', amount: 'money', qty: 'int', v: 'number', ok: 'bool', lat: 'number', lon: 'number', country: 'string' }, ...more });
const card = { kind: 'Entity', name: 'card', key: 'card_id' };
const merchant = { kind: 'Entity', name: 'merchant', key: 'merchant_id', hot: true };
const view = (features: Json[], more: Json = {}): Json => ({ kind: 'FeatureView', name: 'activity', entity: 'card', source: 'transactions', features, ...more });
const resolve = (documents: Json[], previous?: DefinitionSet): DefinitionSet => resolveSet(documentsFromJson(documents), previous);
const featuresOf = (features: Json[], more: Json = {}): FeatureView['features'] => resolve([source(), card, merchant, view(features, more)]).views.get('activity')?.features ?? [];

describe('a source', () => {
  it('has a slot for its time though it does not declare it, and slots by name', () => {
    const set = resolve([source()]);
    const fields = set.sources.get('transactions')?.fields ?? [];
    expect(fields.map((field) => field.name)).toEqual([...fields.map((field) => field.name)].sort());
    expect(fields.find((field) => field.name === 'event_time')).toMatchObject({ type: 'timestamp', required: true });
    expect(set.sources.get('transactions')?.slotByField.get('event_time')).toBe(fields.findIndex((field) => field.name === 'event_time'));
  });

  it.each([['one source', [source()], 'transactions'], ['one that says so', [source({ decide: false }), source({ name: 'logins', decide: true })], 'logins'], ['one that does not deny it', [source({ decide: false }), source({ name: 'logins' })], 'logins'], ['two that say nothing', [source(), source({ name: 'logins' })], undefined]])('is decided: %s', (_what, documents, decided) => {
    expect([...resolve(documents).sources.values()].find((each) => each.decide)?.name).toBe(decided);
  });

  it('has labels beside it: what was said of a transaction, and the transaction, at the time it became known', () => {
    const labels = resolve([source()]).sources.get('labels');
    expect(labels).toMatchObject({ time: 'at', decide: false, builtin: true });
    expect(['transaction_id', 'fraud', 'by', 'at', 'source', 'card_id', 'amount', 'event_time'].every((name) => labels?.slotByField.has(name))).toBe(true);
  });

  it.each([
    ['a sliding window', [{ name: 'n', agg: 'count', windows: ['5m', '10m'] }], 600_000],
    ['a sliding window and its delay', [{ name: 'n', agg: 'count', windows: ['5m'], delay: '1h' }], 3_900_000],
    ['a window longer than the allowance', [{ name: 'n', agg: 'count', windows: ['30d'] }], 172_800_000],
    ['any other kind of feature', [{ name: 'n', agg: 'count', windows: ['5m'] }, { name: 'seen', agg: 'count' }], 172_800_000],
    ['expressions, which do not count', [{ name: 'n', agg: 'count', windows: ['5m'] }, { name: 'x', expr: 'n_5m + 1' }], 300_000],
  ])('allows lateness no longer than %s', (_what, features, allowedMs) => {
    const set = resolve([source(), card, view(features)]);
    expect(set.sources.get('transactions')).toMatchObject({ allowedLatenessMs: allowedMs, writtenAllowedLatenessMs: 172_800_000 });
  });

  it('that no view reads allows what is written', () => { expect(resolve([source({ late: { allowed_lateness: '7d' } })]).sources.get('transactions')?.allowedLatenessMs).toBe(7 * 86_400_000); });
});

describe('features', () => {
  it.each([
    ['count', undefined, 'int'], ['count', 'v', 'int'], ['distinct', 'country', 'int'], ['sum', 'amount', 'money'], ['sum', 'qty', 'int'], ['sum', 'v', 'number'], ['sum', 'tx.amount * 2', 'int'], ['avg', 'amount', 'number'],
    ['min', 'amount', 'money'], ['max', 'event_time', 'timestamp'], ['last', 'country', 'string'], ['first', 'ok', 'bool'], ['median', 'amount', 'number'], ['p99.9', 'v', 'number'], ['since_last', undefined, 'number'],
  ])('%s of %s is %s', (agg, of, type) => { expect(featuresOf([{ name: 'x', agg, ...(of === undefined ? {} : { of }) }])[0]?.type).toBe(type); });

  it.each([
    [{ agg: 'top_k', of: 'country', k: 3 }, 'list'], [{ agg: 'last_n', of: 'amount', n: 3 }, 'list'], [{ agg: 'counts_by', of: 'country', k: 3 }, 'counts'], [{ agg: 'decay_sum', of: 'amount', half_life: '1h' }, 'number'], [{ agg: 'geo_speed', of: ['lat', 'lon'] }, 'number'],
    [{ expr: 'ratio(tx.amount, tx.qty)' }, 'number'], [{ expr: 'tx.amount > 10 ? "high" : "low"' }, 'string'], [{ expr: 'tx.event_time.getHours()' }, 'int'], [{ expr: 'tx.amount > 5' }, 'bool'], [{ expr: 'tx.v == null ? tx.qty : tx.v' }, 'number'],
  ])('%j is %s', (feature, type) => { expect(featuresOf([{ name: 'x', ...feature }])[0]?.type).toBe(type); });

  it('are spread over windows, each with the window in its name; a plain window keeps the name', () => {
    expect(featuresOf([{ name: 'n', agg: 'count', windows: ['60m', '24h'] }, { name: 'm', agg: 'count', window: '1h' }]).map((feature) => feature.name)).toEqual(['n_60m', 'n_24h', 'm']);
  });

  it('name percentiles: p95 is 95, median is 50', () => {
    expect(featuresOf([{ name: 'a', agg: 'p95', of: 'v' }, { name: 'b', agg: 'p99.9', of: 'v' }, { name: 'c', agg: 'median', of: 'v' }]).map((feature) => feature.form === 'aggregate' && [feature.agg, feature.percentile])).toEqual([['percentile', 95], ['percentile', 99.9], ['median', 50]]);
  });

  it('of a hot entity hop by a sixtieth of their window unless they say otherwise', () => {
    const hops = featuresOf([{ name: 'a', agg: 'count', windows: ['1h', '100ms', '59ms'] }, { name: 'b', agg: 'count', windows: ['1h'], hop: 'exact' }, { name: 'c', agg: 'count', windows: ['1h'], hop: '5m' }, { name: 'd', agg: 'count', windows: ['5s'], hop: '83ms' }], { entity: 'merchant' });
    expect(hops.map((feature) => feature.form === 'aggregate' && feature.window.kind === 'sliding' && feature.window.hopMs)).toEqual([60_000, 100 / 60, 1, 1, 300_000, 83]);
  });

  it.each([
    ['1h', { kind: 'sliding', sizeMs: 3_600_000, bounds: 'open', delayMs: 0, hopMs: 1 }], [{ kind: 'tumbling', size: '1h', zone: 'Asia/Kolkata' }, { kind: 'tumbling', sizeMs: 3_600_000, slideMs: 3_600_000, zone: 'Asia/Kolkata' }],
    [{ kind: 'hopping', size: '1h', slide: '15m' }, { kind: 'hopping', sizeMs: 3_600_000, slideMs: 900_000, zone: null }], [{ kind: 'session', gap: '30m' }, { kind: 'session', gapMs: 1_800_000 }],
    [{ last: 5 }, { kind: 'rows', last: 5 }], [{ kind: 'week', zone: 'Europe/Berlin' }, { kind: 'calendar', unit: 'week', zone: 'Europe/Berlin' }], [{ kind: 'day' }, { kind: 'calendar', unit: 'day', zone: 'UTC' }], [undefined, { kind: 'lifetime', delayMs: 0 }],
  ])('window %j is %j', (window, resolved) => { expect(featuresOf([{ name: 'x', agg: 'count', ...(window === undefined ? {} : { window }) }])[0]).toMatchObject({ window: resolved }); });

  it('say what they depend on, in whatever order they are written', () => {
    const features = featuresOf([{ name: 'c', expr: 'b + n_1h' }, { name: 'b', expr: 'n_1h * 2' }, { name: 'n', agg: 'count', windows: ['1h'] }]);
    expect(features.map((feature) => feature.form === 'expression' && [feature.name, feature.type, feature.dependsOn])).toEqual([['c', 'int', ['b', 'n_1h']], ['b', 'int', ['n_1h']], false]);
  });

  it('of several views of one source stand in one layout: short where unique, else view.name; views by name', () => {
    const set = resolve([source(), card, merchant, { kind: 'Entity', name: 'courier', key: 'courier_id' }, view([{ name: 'n', agg: 'count' }, { name: 'a', agg: 'count' }], { name: 'zz' }), view([{ name: 'n', agg: 'sum', of: 'amount' }], { name: 'aa', entity: 'merchant' })]);
    expect(set.layoutBySource.get('transactions')).toMatchObject({ qualifiedNames: ['aa.n', 'zz.n', 'zz.a'], names: ['aa.n', 'zz.n', 'a'], types: ['money', 'int', 'int'] });
    expect(set.layoutBySource.get('transactions')?.slotByName.get('n')).toBeUndefined();
    expect(set.layoutBySource.get('transactions')?.slotByName.get('a')).toBe(2);
  });

  it('of a service stand in the order of the vector, wildcards spread in the order of the view, each once', () => {
    const service = { kind: 'FeatureService', name: 's', features: ['activity:n_1h', 'tx:amount', 'activity:*', 'activity:n_*'] };
    const set = resolve([source(), card, view([{ name: 'n', agg: 'count', windows: ['5m', '1h'] }, { name: 'm', agg: 'count' }]), service]);
    expect(set.services.get('s')?.features).toEqual(['activity:n_1h', 'tx:amount', 'activity:n_5m', 'activity:m']);
  });
});

describe('defaults', () => {
  it('need no rule to say more than when', () => {
    expect(resolve([source(), { kind: 'Rule', name: 'r', when: 'true' }]).rules.get('r')).toMatchObject({ mode: 'live', weight: 0, outcome: 'none', reason: 'r', then: [], validFromMs: null, validToMs: null });
  });

  it('fill in a policy', () => {
    const sla = resolve([source(), { kind: 'Policy', name: 'p', sla: [{ from: 100, within: '1h' }, { within: '1d' }] }]);
    expect([sla.policies.get('p')?.sla, resolveCanonicalSet(sla.canonicalJson).policies.get('p')?.sla]).toEqual(Array(2).fill([{ from: 0, withinMs: 86_400_000 }, { from: 100, withinMs: 3_600_000 }]));
    expect(resolve([source(), { kind: 'Policy', name: 'p', bands: { review: 0.1 } }]).policies.get('p')).toMatchObject({ bands: { review: 0.1, block: 0.8 }, fallback: 'review', onDegraded: 'fallback', alertAbove: 0.8, order: 0, deadlineMs: 100 });
  });

  it('add to a list the field that the list is of', () => {
    expect(resolve([source(), { kind: 'List', name: 'l', of: 'card_id' }, { kind: 'Rule', name: 'r', when: 'true', then: [{ add_to_list: { list: 'l' } }] }]).rules.get('r')?.then).toEqual([{ do: 'add_to_list', list: 'l', value: 'tx.card_id', ttlMs: null }]);
  });

  it('match patterns over the decided source', () => {
    expect(resolve([source(), card, { kind: 'Pattern', name: 'p', key: 'card', pattern: [{ name: 'a', within: '60s' }] }]).patterns.get('p')).toMatchObject({ sources: ['transactions'], matching: 'eager', skip: 'none', onChange: 'finish', withinMs: null, steps: [{ name: 'a', within: '1m' }] });
  });

  it('take times in ISO 8601, without a zone in UTC, or in ms', () => {
    const set = resolve([source(), { kind: 'Rule', name: 'r', when: 'true', valid_from: '2025-01-02T10:00:00', valid_to: 1_735_817_000_000 }]);
    expect(set.rules.get('r')).toMatchObject({ validFromMs: Date.UTC(2025, 0, 2, 10), validToMs: 1_735_817_000_000 });
  });
});

describe('versions', () => {
  const documents = (when: string, more: Json = {}): Json[] => [source(), card, view([{ name: 'n', agg: 'count', windows: ['1h'] }]), { kind: 'Rule', name: 'r', when, ...more }];
  const first = resolve(documents('tx.amount > 1'));

  it('begin at 1 and rise by one with a change of meaning, of that definition alone', () => {
    const second = resolve(documents('tx.amount > 2'), first);
    expect([first.rules.get('r')?.version, second.rules.get('r')?.version, second.views.get('activity')?.version]).toEqual([1, 2, 1]);
    expect(resolve(documents('tx.amount > 3'), second).rules.get('r')?.version).toBe(3);
    expect(second.id).not.toBe(first.id);
  });

  it('stay with another description, owner or tags, and with defaults written out', () => {
    const second = resolve(documents('tx.amount > 1', { description: 'new', owner: 'someone', tags: ['a'], mode: 'live', weight: 0, outcome: 'none', then: [] }), first);
    expect(second.rules.get('r')).toMatchObject({ version: 1, tags: ['a'], owner: 'someone' });
  });

  it('of a view rise when its entity turns hot, for the hop is part of what it counts', () => {
    const second = resolve([source(), { ...card, hot: true }, ...documents('tx.amount > 1').slice(2)], first);
    expect([second.entities.get('card')?.version, second.views.get('activity')?.version]).toEqual([2, 2]);
  });

  it('come back with a meaning that was there before, and go on behind the highest', () => {
    const changed = resolve(documents('tx.amount > 2'), first);
    const known = [first, changed].map((set) => set.rules.get('r')).flatMap((rule) => (rule === undefined ? [] : [{ version: rule.version, meaningId: meaningId(rule) }]));
    const history = new Map([['Rule/r', known]]);
    const back = resolveSet(documentsFromJson(documents('tx.amount > 1')), changed, { history });
    expect(back.rules.get('r')?.version).toBe(1);
    expect(resolveSet(documentsFromJson(documents('tx.amount > 9')), back, { history }).rules.get('r')?.version).toBe(3);
  });
});

describe('the canonical form', () => {
  const documents = [source(), card, merchant, view([{ name: 'n', agg: 'count', windows: ['90s'] }, { name: 'x', expr: 'n_90s * 2' }, { name: 'p', agg: 'p95', of: 'amount', window: { kind: 'week', zone: 'Europe/Berlin' } }]), { kind: 'Rule', name: 'r', when: 'features.x > 3', weight: 0.5 }];

  it('does not depend on the order of documents, fields or keys', () => {
    const turned = documents.map((document) => Object.fromEntries(Object.entries(document).reverse())).reverse();
    const fields = { ...source(), fields: Object.fromEntries(Object.entries(source()['fields'] as Json).reverse()) };
    expect(resolve([...turned.slice(0, -1), fields]).id).toBe(resolve(documents).id);
  });

  it('gives the same set again, versions included, in any process', () => {
    const set = resolve(documents, resolve([...documents.slice(0, -1), { kind: 'Rule', name: 'r', when: 'features.x > 4' }]));
    const again = resolveCanonicalSet(set.canonicalJson);
    expect(again.rules.get('r')?.version).toBe(2);
    expect(again).toEqual(set);
    expect(resolveCanonicalSet(set.canonicalJson)).toBe(again);
  });

  it('can be read back as documents, and is the same then', () => {
    const set = resolve(documents);
    const written = (JSON.parse(set.canonicalJson) as { definitions: Json[] }).definitions.map(({ version: _version, ...document }) => document);
    expect(resolve(written).canonicalJson).toBe(set.canonicalJson);
    expect(resolveSet(parseDocuments([{ file: 'all.json', text: JSON.stringify(written) }])).canonicalJson).toBe(set.canonicalJson);
  });

  it('can be written as YAML and read back', () => {
    const set = resolve(documents);
    expect(resolveSet(parseDocuments([{ file: 'all.yaml', text: definitionsYaml(definitionsOf(set)) }])).canonicalJson).toBe(set.canonicalJson);
  });

  it('is refused when it is none', () => { expect(() => resolveCanonicalSet('{"format":9}')).toThrow(WeirError); });

  it('of an empty set holds nothing', () => { expect(definitionsOf(emptySet())).toEqual([]); });
});

describe('models', () => {
  const service = { kind: 'FeatureService', name: 's', features: ['tx:amount', 'tx:ok', 'tx:event_time'] };
  const model = (more: Json): Json => ({ kind: 'Model', name: 'm', file: 'm.onnx', features: 's', ...more });
  it('take numbers, bools and times', () => { expect(resolve([source(), service, model({})]).models.get('m')).toMatchObject({ role: 'champion', output: 'probabilities[1]', share: 0 }); });
  it('have one champion', () => { expect(() => resolve([source(), service, model({}), model({ name: 'n' })])).toThrow(/n\.role: expected one champion, and m is it/); });
  it('share out no more than all transactions', () => { expect(() => resolve([source(), service, model({ role: 'challenger', share: 0.6 }), model({ name: 'n', role: 'challenger', share: 0.6 })])).toThrow(/at most 1/); });
});

describe('checks of those who compile', () => {
  it('are reported with the place of the definition, like all others', () => {
    const check = () => [{ kind: 'Rule' as const, name: 'r', path: ['when'], expected: 'something compilable', got: 'this' }];
    expect(() => resolveSet(parseDocuments([{ file: 'a.yaml', text: `${JSON.stringify(source())}\n---\nkind: Rule\nname: r\nwhen: "true"` }]), undefined, { checks: [check] })).toThrow('a.yaml:5: r.when: expected something compilable, got this');
  });
});
