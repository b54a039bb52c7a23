import { GatewayFixture } from './gateway-fixture';

let gateway: GatewayFixture;
beforeAll(async () => { gateway = await new GatewayFixture().open(); });
beforeEach(() => {
  gateway.suite.clear();
  for (const [id, amount] of [['c-0-1', 900], ['c-0-2', 100]] as const) {
    gateway.suite.casesById.set(id, {
      id, decisionId: `d${id.slice(1)}`, transactionId: `t-${id}`, outcome: 'review', score: 0.5, amount, priority: amount / 2, createdAtMs: gateway.suite.nowMs, status: 'open', claimedBy: null, claimedUntilMs: null, dueAtMs: id === 'c-0-2' ? gateway.suite.nowMs : null, overdue: id === 'c-0-2',
      resolution: null, resolvedBy: null, resolvedAtMs: null, comments: [],
    });
  }
});
afterAll(() => gateway.close());

describe('a case', () => {
  it('is claimed for a time, by one person', async () => {
    const ann = gateway.suite.addKey('ann-key', ['read', 'edit']);
    expect((await gateway.ask('POST', '/cases/c-0-1/claim', { body: { for: '1h' } })).json).toMatchObject({ status: 'claimed', claimed_by: 'admin', claimed_until: '2026-03-01T13:00:00.000Z' });
    expect((await gateway.ask('POST', '/cases/c-0-1/claim', { key: ann })).status).toBe(409);
    expect((await gateway.ask('POST', '/cases/c-0-9/claim')).status).toBe(404);
    expect((await gateway.ask('GET', '/cases?claimed_by=me&status=claimed')).json).toMatchObject({ cases: [{ id: 'c-0-1', priority: 450 }], next: null });
  });

  it('takes comments and a resolution', async () => {
    expect((await gateway.ask('POST', '/cases/c-0-2/comment', { body: { text: 'called the holder' } })).json).toMatchObject({ comments: [{ by: 'admin', text: 'called the holder', at: '2026-03-01T12:00:00.000Z' }] });
    expect((await gateway.ask('POST', '/cases/c-0-2/resolve', { body: { resolution: 'fraud', list: { name: 'blocked_cards', ttl: '1d' } } })).json).toMatchObject({ status: 'resolved', resolution: 'fraud', resolved_by: 'admin' });
    expect((await gateway.ask('GET', '/cases/c-0-2')).json).toMatchObject({ status: 'resolved', comments: [{}] });
    expect(gateway.suite.auditTrail.slice(0, 1)).toMatchObject([{ action: 'case.comment', subject: 'c-0-2' }]);
  });

  it('says when it is due, and is found by it', async () => {
    expect((await gateway.ask('GET', '/cases?overdue=true&sort=due')).json).toMatchObject({ cases: [{ id: 'c-0-2', due_at: '2026-03-01T12:00:00.000Z', overdue: true }], next: null });
    expect((await gateway.ask('GET', '/cases/c-0-1')).json).toMatchObject({ due_at: null, overdue: false });
    expect((await gateway.ask('GET', '/cases?overdue=maybe')).status).toBe(422);
  });

  it.each([
    ['/cases/c-0-1/resolve', { resolution: 'maybe' }, 'resolution'], ['/cases/c-0-1/resolve', {}, 'resolution'], ['/cases/c-0-1/comment', { text: '' }, 'text'], ['/cases/c-0-1/claim', { for: '1s' }, 'for'],
  ])('refuses %s %j', async (path, body, field) => {
    expect(await gateway.ask('POST', path, { body })).toMatchObject({ status: 422, json: { errors: [{ field }] } });
  });

  it('needs the role edit to be changed', async () => {
    const reader = gateway.suite.addKey('reader', ['read']);
    expect([(await gateway.ask('GET', '/cases', { key: reader })).status, (await gateway.ask('POST', '/cases/c-0-1/claim', { key: reader })).status]).toEqual([200, 403]);
  });
});

describe('an entity', () => {
  it('has a timeline and links', async () => {
    await gateway.ask('POST', '/transactions', { body: { transaction_id: 't-1', card_id: 'c-1', amount: 1 } });
    expect((await gateway.ask('GET', '/entities/card/c-1/timeline')).json).toMatchObject({ entity: { type: 'card', id: 'c-1' }, timeline: [{ kind: 'decision', transaction_id: 't-1' }], next: null });
    expect((await gateway.ask('GET', '/entities/card/c-1/links')).json).toMatchObject({ shared: [{ type: 'device', id: 'd', hot: false }], links: [{ id: 'other', via: ['device:d'] }], complete: true });
  });
});

describe('get-online-features', () => {
  const ask = (body: unknown) => gateway.ask('POST', '/get-online-features', { body });

  it('answers by column, keys first', async () => {
    await gateway.ask('POST', '/transactions', { body: { transaction_id: 't-1', card_id: 'c-1', amount: 1 } });
    expect((await ask({ features: ['card_velocity:tx_count_1h'], entities: { card_id: ['c-1', 'nobody', 'c-1'] } })).json).toEqual({
      metadata: { feature_names: ['card_id', 'tx_count_1h'] },
      results: [
        { values: ['c-1', 'nobody', 'c-1'], statuses: ['PRESENT', 'PRESENT', 'PRESENT'], event_timestamps: Array(3).fill('1970-01-01T00:00:00.000Z') },
        { values: [1, null, 1], statuses: ['PRESENT', 'NOT_FOUND', 'PRESENT'], event_timestamps: ['2026-03-01T12:00:00.000Z', '1970-01-01T00:00:00.000Z', '2026-03-01T12:00:00.000Z'] },
      ],
    });
  });

  it('knows services, full names, and no entities', async () => {
    const names = async (body: unknown): Promise<unknown> => ((await ask(body)).json['metadata'] as Record<string, unknown>)['feature_names'];
    expect(await names({ feature_service: 'fraud_v1', entities: { card_id: ['c-1'] } })).toEqual(['card_id', 'tx_count_1h']);
    expect(await names({ features: ['card_velocity:tx_count_1h'], entities: { card_id: ['c-1'] }, full_feature_names: true })).toEqual(['card_id', 'card_velocity__tx_count_1h']);
    expect(await names({ features: ['card_velocity:tx_count_1h'], entities: { card_id: [] } })).toEqual(['card_id', 'tx_count_1h']);
  });

  it.each([
    [{ features: ['card_velocity:none'], entities: { card_id: ['c'] } }, 'features.0'], [{ features: ['nothing'], entities: { card_id: ['c'] } }, 'features.0'],
    [{ entities: { card_id: ['c'] } }, 'features'], [{ features: ['a:b'], entities: { card_id: ['c'], merchant_id: [] } }, 'entities.merchant_id'],
  ])('refuses %j', async (body, field) => expect(await ask(body)).toMatchObject({ status: 422, json: { errors: [{ field }] } }));
});
