/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { soon } from './soon';
import { definitionsWith, runs, SuiteFixture, TestFolder, type Answer } from './suite-fixture';

const definitions = `${definitionsWith(['amount: money!, status: string', 'amount: money!, status: string, device_id: string, user_id: string, item_id: string'], ['deadline: 60s', 'deadline: 60s, alert_above: 0.3, sla: [{ within: 3d }, { from: 50000, within: 2h }]'])}
---
{ kind: Entity, name: device, key: device_id }
---
{ kind: Entity, name: customer, key: user_id }
---
{ kind: Entity, name: item, key: item_id }
---
kind: FeatureView
name: customer_use
entity: customer
source: transactions
features: [{ name: uses, agg: count, windows: [1h] }]
---
kind: FeatureView
name: item_use
entity: item
source: transactions
ttl: 1h
features: [{ name: sold, agg: count, windows: [1h] }, { name: sold_sum, agg: sum, of: amount, where: tx.amount > 1000000, windows: [1h] }]
`;
const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
const startMs = Date.now() - 60_000;
let sent = 0;
const post = (of: Readonly<Record<string, unknown>>): Promise<Answer> => {
  sent += 1;
  return suite.ask('POST', '/transactions', { transaction_id: `t-${sent}`, event_time: startMs + sent * 10, card_id: 'c-1', merchant_id: 'm-1', amount: 5_000, ...of });
};
type Case = Record<string, unknown>;
const cases = async (query: string): Promise<Case[]> => (await suite.ask('GET', `/cases?${query}`)).json['cases'] as Case[];
const alerts = async (query: string): Promise<Case[]> => (await suite.ask('GET', `/alerts?${query}`)).json['alerts'] as Case[];
const features = async (path: string): Promise<Record<string, unknown>> => (await suite.ask('GET', path)).json['features'] as Record<string, unknown>;

runs(suite, folder, definitions);

describe('the review queue', () => {
  it('opens a case for what is in review, the greatest expected loss first', async () => {
    await post({ transaction_id: 'fine', amount: 10 });
    await post({ transaction_id: 'small', card_id: 'c-2', amount: 95_000 });
    await post({ transaction_id: 'large', card_id: 'c-3', amount: 300_000 });
    const open = await soon(() => cases('status=open'), (found) => found.length >= 2);
    expect(open.map((one) => [one['transaction_id'], one['status'], one['amount']])).toEqual([['large', 'open', 300_000], ['small', 'open', 95_000]]);
    expect(Number(open[0]?.['priority'])).toBeCloseTo(Number(open[0]?.['score']) * 300_000);
    expect(open.map((one) => [one['overdue'], Date.parse(String(one['due_at'])) - Date.parse(String(one['created_at']))])).toEqual([[false, 2 * 3_600_000], [false, 3 * 86_400_000]]);
    expect((await cases('sort=due')).map((one) => one['transaction_id'])).toEqual(['large', 'small']);
    expect(await cases('overdue=true')).toEqual([]);
  });

  it('writes the label into the lane and the card on the list, and the audit with it', async () => {
    const [found] = await cases('status=open&limit=1');
    const path = `/cases/${String(found?.['id'])}`;
    expect((await soon(() => alerts('status=open'), (found) => found.length === 2)).map((one) => [one['transaction_id'], one['case_id'] !== null])).toEqual([['large', true], ['small', true]]);
    expect((await suite.ask('POST', `${path}/claim`)).json).toMatchObject({ status: 'claimed', claimed_by: 'test' });
    expect((await suite.ask('POST', `${path}/resolve`, { resolution: 'fraud', list: { name: 'nothing' } })).status).toBe(422);
    const resolved = await suite.ask('POST', `${path}/resolve`, { resolution: 'fraud', comment: 'holder denies it', list: { name: 'blocked_cards' } });
    expect([resolved.status, resolved.json['status'], resolved.json['resolution']]).toEqual([200, 'resolved', 'fraud']);
    expect((await suite.ask('POST', `${path}/resolve`, { resolution: 'genuine' })).status).toBe(409);
    expect((await alerts('status=open')).map((one) => one['transaction_id'])).toEqual(['small']);
    expect(await alerts(`decision_id=${String(found?.['decision_id'])}`)).toMatchObject([{ transaction_id: 'large', status: 'closed', closed_by: 'test', case_id: found?.['id'] }]);
    expect(await soon(() => features('/features/card/c-3'), ({ fraud_count }) => fraud_count === 1)).toMatchObject({ fraud_count: 1 });
    expect((await post({ card_id: 'c-3', amount: 10 })).json).toMatchObject({ outcome: 'block', decided_by: 'hard_list' });
    expect((await suite.ask('GET', path)).json).toMatchObject({ comments: [{ by: 'test', text: 'holder denies it' }] });
    expect((await suite.ask('GET', '/audit?action=case.resolve')).json['audit']).toMatchObject([{ subject: found?.['id'], by: 'test', details: { resolution: 'fraud', list: { name: 'blocked_cards' } } }]);
  });

  it('is there after a restart', async () => {
    const before = await cases('sort=newest');
    await suite.stop();
    await suite.start();
    expect(await cases('sort=newest')).toEqual(before);
  });
});

describe('an entity', () => {
  it('has its decisions and labels in a timeline, newest first', async () => {
    const { timeline } = (await suite.ask('GET', '/entities/card/c-3/timeline')).json as { timeline: Record<string, unknown>[] };
    expect(timeline.map(({ kind, transaction_id, fraud }) => [kind, transaction_id, fraud])).toEqual([['label', 'large', true], ['decision', `t-${sent}`, undefined], ['decision', 'large', undefined]]);
    expect((await suite.ask('GET', '/entities/card_id/c-3/timeline')).json['timeline']).toHaveLength(3);
    expect((await suite.ask('GET', '/entities/ship/c-3/timeline')).status).toBe(404);
  });

  it('is linked to those who share its device, not to those who share its shop', async () => {
    for (const [card_id, device_id] of [['x-1', 'd-1'], ['x-2', 'd-1'], ['x-2', 'd-2'], ['x-3', 'd-3']]) await post({ card_id, device_id });
    const links = await soon(() => suite.ask('GET', '/entities/card/x-1/links'), ({ json }) => (json['links'] as unknown[]).length === 1);
    const [entity] = [links.json['entity'] as { id: string }];
    expect(entity.id).toMatch(/^tok_/);
    expect(links.json).toMatchObject({ complete: true, links: [{ type: 'card', via: ['device:d-1'], transactions: 1 }], shared: [{ type: 'device', id: 'd-1', hot: false }, { type: 'merchant', id: 'm-1', hot: true }] });
    expect((await suite.ask('GET', '/entities/device/d-1/links')).json).toMatchObject({ links: [{ type: 'device', id: 'd-2' }] });
  });
});

describe('features by other names', () => {
  it('are read by the key field, and of users and items', async () => {
    await post({ card_id: 'f-1', user_id: 'u-1', item_id: 'i-1', amount: 100 });
    const [byField, byType] = [(await suite.ask('GET', '/features/card_id/f-1')), (await suite.ask('GET', '/features/card/f-1'))];
    expect(byField.json['features']).toMatchObject({ tx_count_1h: 1 });
    expect(Object.keys(byField.json['features'] as object)).toEqual(Object.keys(byType.json['features'] as object));
    expect((await suite.ask('POST', '/features/realtime', { user_id: 'u-1', item_ids: ['i-1', 'i-2'] })).json).toMatchObject({ user_features: { uses_1h: 1 }, item_features: [{ item_id: 'i-1', sold_1h: 1 }, { item_id: 'i-2', sold_1h: null }] });
  });

  it('come by column with the right status', async () => {
    const { json, status } = await suite.ask('POST', '/get-online-features', { features: ['item_use:sold_1h', 'item_use:sold_sum_1h', 'card_velocity:tx_count_1h'], entities: { item_id: ['i-1', 'i-2'], card: ['f-1', 'nobody'] } });
    expect([status, (json['metadata'] as Record<string, unknown>)['feature_names']]).toEqual([200, ['item_id', 'card', 'sold_1h', 'sold_sum_1h', 'tx_count_1h']]);
    expect((json['results'] as Record<string, unknown>[]).slice(2).map(({ values, statuses }) => [values, statuses])).toEqual([
      [[1, null], ['PRESENT', 'NOT_FOUND']], [[0, null], ['PRESENT', 'NOT_FOUND']], [[1, null], ['PRESENT', 'NOT_FOUND']],
    ]);
  });
});
