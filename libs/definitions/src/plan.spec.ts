import { diffSets } from './diff';
import { documentsFromJson } from './documents';
import { jsonSchema } from './document-schema';
import { downstream, lineage, upstream } from './lineage';
import { planSet } from './plan';
import { resolveSet } from './resolve-set';
import type { DefinitionSet } from './definition-set';

type Json = Record<string, unknown>;
const source = { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', partition_by: 'card', fields: { transaction_id: 'string!', card_id: 'string!', device_id: 'string', customer_id: 'string', amount: 'money', country: 'string' } };
const base: Json[] = [
  source, { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Entity', name: 'device', key: 'device_id' },
  { kind: 'FeatureView', name: 'velocity', entity: 'card', source: 'transactions', where: 'tx.country != "XX"', features: [{ name: 'n', agg: 'count', windows: ['1h'] }, { name: 'spend', agg: 'sum', of: 'amount', windows: ['3d'] }, { name: 'x', expr: 'ratio(tx.amount, spend_3d)' }] },
  { kind: 'FeatureService', name: 'fraud_v1', features: ['velocity:*', 'tx:amount'] }, { kind: 'Model', name: 'gbm', file: 'a.onnx', features: 'fraud_v1' },
  { kind: 'List', name: 'blocked', of: 'card_id' }, { kind: 'Table', name: 'customers', key: 'customer_id', fields: { customer_id: 'string!', level: 'string' } },
  { kind: 'Pattern', name: 'burst', key: 'card', pattern: [{ name: 'a', where: 'tx.amount < 5', times: 3 }, { name: 'b', where: { field: 'country', op: 'eq', value: 'NO' } }] },
  { kind: 'Rule', name: 'fast', when: 'features.n_1h > 3 && matches.burst', then: [{ add_to_list: { list: 'blocked' } }] },
  { kind: 'Rule', name: 'listed', when: 'tx.card_id in lists.blocked || profile.customers.level == "new" || score > 0.9' },
  { kind: 'Policy', name: 'default', when: 'features.x > 1.0' },
];
const set = (documents: Json[], previous?: DefinitionSet): DefinitionSet => resolveSet(documentsFromJson(documents), previous);
const replaced = (name: string, change: (document: Json) => Json | undefined): Json[] =>
  base.map((document) => (document['name'] === name ? change(document) : document)).filter((document) => document !== undefined);

describe('lineage', () => {
  const graph = lineage(set(base));
  it('goes from a field over features to all that uses them', () => {
    expect(downstream(graph, 'field:transactions.amount').sort()).toEqual([
      'feature:velocity.spend_3d', 'feature:velocity.x', 'list:blocked', 'model:gbm', 'pattern:burst', 'policy:default', 'rule:fast', 'rule:listed', 'service:fraud_v1',
    ].sort());
    expect(downstream(graph, 'field:transactions.device_id')).toEqual([]);
  });
  it('goes back to all that something is made of', () => {
    expect(upstream(graph, 'feature:velocity.n_1h').sort()).toEqual(['entity:card', 'field:transactions.card_id', 'field:transactions.country', 'source:transactions', 'view:velocity']);
  });
  it('ends where a rule fills the list that it reads', () => {
    const cyclic = lineage(set([...base, { kind: 'Rule', name: 'again', when: '!(tx.card_id in lists.blocked)', then: [{ add_to_list: { list: 'blocked' } }] }]));
    expect(downstream(cyclic, 'rule:again').sort()).toEqual(['list:blocked', 'rule:listed']);
  });
});

describe('a plan', () => {
  const current = set(base);
  it('says what is new, changed, only described anew, and gone, with versions', () => {
    const next = set([...replaced('fast', (rule) => ({ ...rule, weight: 0.5 })).map((each) => (each['name'] === 'default' ? { ...each, owner: 'me' } : each)).filter((each) => each['name'] !== 'listed'), { kind: 'Rule', name: 'new', when: 'true' }], current);
    expect(diffSets(current, next)).toEqual({
      added: [{ kind: 'Rule', name: 'new', from: null, to: 1, fields: [] }], changed: [{ kind: 'Rule', name: 'fast', from: 1, to: 2, fields: ['weight'] }],
      documented: [{ kind: 'Policy', name: 'default', from: 1, to: 1, fields: ['owner'] }], removed: [{ kind: 'Rule', name: 'listed', from: 1, to: null, fields: [] }],
    });
  });

  it('names what uses a definition that is changed', () => {
    const next = set(replaced('velocity', (view) => ({ ...view, where: 'tx.country != "YY"' })), current);
    const plan = planSet(current, next);
    expect(plan.dependants).toEqual([{ kind: 'FeatureView', name: 'velocity', usedBy: ['list:blocked', 'model:gbm', 'policy:default', 'rule:fast', 'rule:listed', 'service:fraud_v1'] }]);
    expect(plan.warnings).toEqual([expect.objectContaining({ code: 'IN_USE', name: 'velocity', text: expect.stringContaining('rule:fast') })]);
    expect(plan.cost).toEqual([{ view: 'velocity', bytesPerKey: expect.any(Number), bytesPerKeyBefore: expect.any(Number), backfillMs: 3 * 86_400_000 + 1 }]);
  });

  it('refuses to remove what others need, and says so of what they needed until now', () => {
    expect(() => set(replaced('blocked', () => undefined), current)).toThrow(/lists/);
    const next = set(base.filter((each) => each['name'] !== 'burst' && each['name'] !== 'fast'), current);
    expect(planSet(current, next).warnings).toContainEqual(expect.objectContaining({ code: 'IN_USE', kind: 'Pattern', name: 'burst', text: 'burst is removed and in use by list:blocked, rule:fast, rule:listed' }));
  });

  it.each([
    ['SHORT_NAME', [...base, { kind: 'FeatureView', name: 'second', entity: 'device', source: 'transactions', features: [{ name: 'spend_3d', agg: 'count' }] }], 1, 'second.spend_3d, velocity.spend_3d'],
    ['PATTERN_LANE', replaced('burst', (pattern) => ({ ...pattern, key: 'device' })), 2, 'within each lane alone'],
    ['PARTITION', replaced('transactions', (each) => ({ ...each, partition_by: 'nobody' })), 1, 'names nobody'],
    ['ENTITY_UNUSED', [...base, { kind: 'Entity', name: 'courier', key: 'courier_id' }], 1, 'courier_id'],
    ['RULE_NEVER_ON', replaced('fast', (rule) => ({ ...rule, valid_from: '2025-01-02', valid_to: '2025-01-01' })), 1, 'never on'],
    ['SHADOW_MATCH', replaced('burst', (pattern) => ({ ...pattern, mode: 'shadow' })), 1, 'never true'],
    ['LATENESS', replaced('velocity', (view) => ({ ...view, features: [{ name: 'n', agg: 'count', windows: ['1h'] }, { name: 'x', expr: 'ratio(tx.amount, n_1h)' }] })), 1, '1h late and not 2d'],
  ])('warns: %s', (code, documents, lanes, text) => {
    const warning = planSet(undefined, set(documents), { lanes }).warnings.find((each) => each.code === code);
    expect(warning?.text).toContain(text);
  });

  it('has nothing to warn of in the set above', () => { expect(planSet(undefined, current, { lanes: 4 }).warnings).toEqual([]); });
});

describe('the JSON Schema for editors', () => {
  const schema = jsonSchema();
  it('has every kind, closed against unknown fields', () => {
    const branches = schema['oneOf'] as { properties: { kind: { const: string } }; additionalProperties: boolean }[];
    expect(branches.map((branch) => branch.properties.kind.const)).toEqual(['Source', 'Entity', 'FeatureView', 'FeatureService', 'Table', 'Pattern', 'Rule', 'List', 'Model', 'Policy']);
    expect(branches.every((branch) => !branch.additionalProperties)).toBe(true);
  });
});
