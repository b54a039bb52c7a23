import type { Role } from '../src/roles';
import { GatewayFixture } from './gateway-fixture';

const body = { transaction_id: 't-1', amount: 1 };

describe('keys and roles', () => {
  let gateway: GatewayFixture;
  beforeAll(async () => { gateway = await new GatewayFixture().open(); });
  afterAll(() => gateway.close());

  it.each(['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/v1/healthz'])('%s is open', async (url) => {
    expect((await gateway.ask('GET', url, { key: null })).status).toBe(200);
  });

  it.each([['no key', null], ['a wrong key', 'guess'], ['a key that is none', 'a b']])('%s is 401 and says how', async (_what, key) => {
    const { status, headers, json } = await gateway.ask('GET', '/decisions', { key });
    expect({ status, type: json['type'] }).toEqual({ status: 401, type: 'urn:weir:problem:WEIR_UNAUTHORISED' });
    expect(headers['www-authenticate']).toContain('Bearer');
  });

  it.each<[Role, 'GET' | 'POST', string, number]>([
    ['read', 'GET', '/decisions', 200], ['read', 'POST', '/transactions', 403], ['decide', 'POST', '/transactions', 200], ['decide', 'GET', '/decisions', 403], ['edit', 'POST', '/definitions/apply', 422],
    ['read', 'POST', '/definitions/apply', 403], ['edit', 'GET', '/audit', 403], ['admin', 'GET', '/audit', 200], ['admin', 'POST', '/transactions', 200], ['edit', 'GET', '/keys', 403],
    // Where an answer of 202 sends whoever decides.
    ['decide', 'GET', '/transactions/t-9', 404], ['decide', 'GET', '/decisions/d-0-9', 404], ['edit', 'GET', '/decisions/d-0-9', 403],
    // All that `weir ingest` asks.
    ['replay', 'POST', '/transactions', 200], ['replay', 'POST', '/transactions/batch', 422], ['replay', 'GET', '/definitions', 200], ['replay', 'GET', '/status', 200], ['replay', 'GET', '/decisions', 403], ['replay', 'POST', '/definitions/apply', 403],
  ])('the role %s: %s %s is %d', async (role, method, url, status) => {
    const key = gateway.suite.addKey(`${role}-key`, [role]);
    expect((await gateway.ask(method, url, { key, ...(method === 'POST' ? { body: url === '/transactions' ? body : {} } : {}) })).status).toBe(status);
  });

  it('a key is shown once, works, is kept only as its hash, and ends when it is revoked', async () => {
    const made = await gateway.ask('POST', '/keys', { body: { name: 'reporting', roles: ['read'] } });
    const key = String(made.json['key']);
    expect({ status: made.status, works: (await gateway.ask('GET', '/keys/self', { key })).json }).toEqual({ status: 201, works: { name: 'reporting', roles: ['read'] } });
    expect((await gateway.ask('GET', '/keys')).text).not.toContain(key);
    expect((await gateway.ask('DELETE', `/keys/${String(made.json['id'])}`)).status).toBe(204);
    expect((await gateway.ask('GET', '/keys/self', { key })).status).toBe(401);
  });

  it('writes down who changed what', async () => {
    await gateway.ask('PUT', '/lists/blocked_cards/entries/c-1', { body: { ttl: '24h', reason: 'stolen' } });
    const { json } = await gateway.ask('GET', '/audit?action=list.put');
    expect(json['audit']).toEqual([expect.objectContaining({ by: 'admin', action: 'list.put', subject: 'blocked_cards', at: '2026-03-01T12:00:00.000Z' })]);
  });
});

describe('limits', () => {
  it('a key that asks too often gets 429 and when to come again', async () => {
    const gateway = await new GatewayFixture({ keyRateMax: 2, keyBurstMax: 2 }).open();
    const statuses = [];
    for (let request = 0; request < 3; request++) statuses.push(await gateway.ask('GET', '/lists'));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(statuses[2]?.headers['retry-after']).toBe('1');
    gateway.suite.nowMs += 500;
    expect((await gateway.ask('GET', '/lists')).status).toBe(200);
    await gateway.close();
  });

  it('guessing keys from one address gets 429', async () => {
    const gateway = await new GatewayFixture({ strangerRateMax: 1, strangerBurstMax: 2 }).open();
    const statuses = [];
    for (let guess = 0; guess < 3; guess++) statuses.push((await gateway.ask('GET', '/lists', { key: `guess-${guess}` })).status);
    expect(statuses).toEqual([401, 401, 429]);
    await gateway.close();
  });

  it('lets a few hundred requests at once through, and no more than allowed', async () => {
    const open = await new GatewayFixture().open();
    const all = await Promise.all(Array.from({ length: 400 }, (_, index) => open.ask('POST', '/transactions', { body: { transaction_id: `t-${index}`, amount: 1 } })));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    await open.close();
    const narrow = await new GatewayFixture({ inFlightMax: 1 }).open();
    const two = await Promise.all(['a', 'b'].map((id) => narrow.ask('POST', '/transactions', { body: { transaction_id: id, amount: 1 } })));
    expect(two.map(({ status }) => status).sort()).toEqual([200, 503]);
    expect((await narrow.ask('POST', '/transactions', { body: { transaction_id: 'c', amount: 1 } })).status).toBe(200);
    await narrow.close();
  });
});

describe('readiness', () => {
  it('is 503 and names what is missing', async () => {
    const gateway = await new GatewayFixture().open();
    gateway.suite.health.add('model', () => 'fraud_xgb is loading');
    const { status, json } = await gateway.ask('GET', '/readyz', { key: null });
    expect({ status, missing: json['missing'] }).toEqual({ status: 503, missing: [{ name: 'model', why: 'fraud_xgb is loading' }] });
    expect((await gateway.ask('GET', '/healthz', { key: null })).status).toBe(200);
    await gateway.close();
  });
});
