import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayFixture } from './gateway-fixture';

let gateway: GatewayFixture;
beforeAll(async () => { gateway = await new GatewayFixture().open(); });
beforeEach(() => gateway.suite.clear());
afterAll(() => gateway.close());

const decide = (id: string, amount: number, card = 'c-1') => gateway.ask('POST', '/transactions', { body: { transaction_id: id, card_id: card, amount } });

describe('decisions', () => {
  it('are found newest first, page by page', async () => {
    for (const [id, amount] of [['t-1', 1], ['t-2', 3_000_000], ['t-3', 5_000_000]] as const) await decide(id, amount);
    const first = (await gateway.ask('GET', '/decisions?outcome=block&limit=1')).json;
    expect(first).toMatchObject({ decisions: [{ transaction_id: 't-3' }], next: '1' });
    expect((await gateway.ask('GET', `/decisions?outcome=block&limit=1&cursor=${String(first['next'])}`)).json).toMatchObject({ decisions: [{ transaction_id: 't-2' }], next: null });
    expect((await gateway.ask('GET', '/decisions?entity=card:c-2')).json).toEqual({ decisions: [], next: null });
  });

  it('are simulated without a trace', async () => {
    expect((await gateway.ask('POST', '/decisions/simulate', { body: { transaction_id: 's-1', amount: 3_000_000 } })).json).toMatchObject({ outcome: 'block' });
    expect((await gateway.ask('GET', '/transactions/s-1')).status).toBe(404);
  });

  it('are told apart by the keys that take the most of them', async () => {
    expect((await gateway.ask('GET', '/hot-keys')).json).toMatchObject({ hot_keys: [{ entity_type: 'merchant', entity_id: 'm-1', share: 0.25, share_max: 0.26, per_second: 50 }], window_seconds: 60, next: null });
  });

  it('tell why a rule did not speak', async () => {
    await decide('t-1', 1);
    expect((await gateway.ask('GET', '/decisions/d-0-0/why-not?rule=large_amount')).json).toMatchObject({ decision_id: 'd-0-0', kind: 'rule', fired: false, parts: [{ held: false, value: 1 }] });
  });
});

describe('features', () => {
  it('of a stranger are 200 with NOT_FOUND', async () => {
    expect(await gateway.ask('GET', '/features/card/nobody')).toMatchObject({ status: 200, json: { features: { tx_count_1h: null }, statuses: { tx_count_1h: 'NOT_FOUND' }, as_of: '2026-03-01T12:00:00.000Z' } });
  });

  it('of a key with a slash and a space in it are those of that key', async () => {
    await decide('t-1', 1, 'a/b c|d');
    expect((await gateway.ask('GET', `/features/card/${encodeURIComponent('a/b c|d')}`)).json).toMatchObject({ entity_id: 'a/b c|d', features: { tx_count_1h: 1 } });
  });

  it('at another time are as of that time', async () => {
    expect((await gateway.ask('GET', '/features/card/c-1?at=2026-01-01T00:00:00Z')).json).toMatchObject({ as_of: '2026-01-01T00:00:00.000Z' });
  });

  it('of many come in the order asked, duplicates included', async () => {
    await decide('t-1', 1, 'c-1');
    const { json } = await gateway.ask('POST', '/features/batch', { body: { entity_type: 'card', entity_ids: ['c-1', 'c-2', 'c-1'] } });
    expect((json['results'] as { entity_id: string; features: unknown }[]).map(({ entity_id, features }) => [entity_id, features])).toEqual([['c-1', { tx_count_1h: 1 }], ['c-2', { tx_count_1h: null }], ['c-1', { tx_count_1h: 1 }]]);
  });

  it('are joined to rows, which keep their fields', async () => {
    await decide('t-1', 1, 'c-1');
    expect((await gateway.ask('POST', '/features/join', { body: { rows: [{ card_id: 'c-1', note: 'x' }], service: 'fraud_v1' } })).json).toMatchObject({ rows: [{ card_id: 'c-1', note: 'x', features: { tx_count_1h: 1 }, statuses: { tx_count_1h: 'PRESENT' } }] });
  });

  it('of a user and items come together', async () => {
    expect((await gateway.ask('POST', '/features/realtime', { body: { user_id: 'u', item_ids: ['i', 'j'] } })).json).toEqual({ user_features: { tx_count_1h: null }, item_features: [{ item_id: 'i', tx_count_1h: null }, { item_id: 'j', tx_count_1h: null }], timestamp: '2026-03-01T12:00:00.000Z' });
  });

  it('have statistics', async () => {
    expect((await gateway.ask('GET', '/features/stats/tx_count_1h')).json).toMatchObject({ feature_name: 'tx_count_1h', missing_rate: 0, last_updated: '2026-03-01T12:00:00.000Z' });
    expect((await gateway.ask('GET', '/features/stats')).json['features']).toHaveLength(1);
  });
});

describe('definitions', () => {
  it('are planned, applied, read, and rolled back', async () => {
    const rule = (name: string) => ({ kind: 'Rule', name, when: 'tx.amount > 5' });
    expect((await gateway.ask('POST', '/definitions/plan', { body: { definitions: [rule('a')] } })).json).toMatchObject({ changes: [{ kind: 'Rule', name: 'a', change: 'added', to_version: 1 }] });
    const first = (await gateway.ask('POST', '/definitions/apply', { body: { definitions: [rule('a')], note: 'start' } })).json;
    await gateway.ask('PUT', '/definitions/Rule/b', { body: { when: 'true' } });
    expect((await gateway.ask('GET', '/definitions/Rule')).json['definitions']).toHaveLength(2);
    await gateway.ask('POST', '/definitions/rollback', { body: { to: first['set'] } });
    expect((await gateway.ask('GET', '/definitions')).json).toMatchObject({ set: first['set'], applied_at: '2026-03-01T12:00:00.000Z', definitions: [{ kind: 'Rule', name: 'a' }] });
    expect((await gateway.ask('GET', '/definitions/versions')).json['versions']).toHaveLength(3);
    expect((await gateway.ask('GET', '/definitions/Rule/a/versions')).json).toMatchObject({ versions: expect.arrayContaining([expect.objectContaining({ version: 1, by: 'admin' })]) as unknown[] });
    expect((await gateway.ask('GET', '/definitions/Rule/a')).json).toMatchObject({ when: 'tx.amount > 5' });
  });

  it('that are not valid are refused with file and line', async () => {
    const { json } = await gateway.ask('POST', '/definitions/apply', { body: { definitions: [{ kind: 'Rule', name: 'r' }] } });
    expect(json).toMatchObject({ type: 'urn:weir:problem:WEIR_DEFINITION_INVALID', errors: [{ where: 'rules.yaml:3', name: 'r', field: 'when' }] });
  });
});

describe('lists and tables', () => {
  it('an entry is put with its end, read and removed', async () => {
    const put = await gateway.ask('PUT', '/lists/blocked_cards/entries/10.0.0.0%2F8', { body: { ttl: '1h', reason: 'stolen' } });
    expect(put.json).toEqual({ value: '10.0.0.0/8', from: null, until: '2026-03-01T13:00:00.000Z', reason: 'stolen', by: 'admin' });
    expect((await gateway.ask('GET', '/lists/blocked_cards/entries')).json).toMatchObject({ entries: [{ value: '10.0.0.0/8' }], next: null });
    expect((await gateway.ask('DELETE', '/lists/blocked_cards/entries/10.0.0.0%2F8')).status).toBe(204);
    expect((await gateway.ask('GET', '/lists/blocked_cards/entries/10.0.0.0%2F8')).status).toBe(404);
  });

  it('many entries are put in one call, besides what is there or in its place, and a list is emptied', async () => {
    const upload = (body: unknown): ReturnType<typeof gateway.ask> => gateway.ask('PUT', '/lists/blocked_cards/entries', { body });
    expect((await upload({ entries: [{ value: 'a', ttl: '1h', reason: 'stolen' }, { value: 'b', from: '2026-03-01T12:00:00Z', until: '2026-03-02T12:00:00Z', by: 'police' }] })).json).toEqual({ list: 'blocked_cards', uploaded: 2, entries: 2 });
    expect((await gateway.ask('GET', '/lists/blocked_cards/entries/b')).json).toEqual({ value: 'b', from: '2026-03-01T12:00:00.000Z', until: '2026-03-02T12:00:00.000Z', reason: '', by: 'police' });
    expect((await upload({ entries: [{ value: 'c' }], replace: true })).json).toEqual({ list: 'blocked_cards', uploaded: 1, entries: 1 });
    expect((await gateway.ask('DELETE', '/lists/blocked_cards/entries')).status).toBe(204);
    expect((await gateway.ask('GET', '/lists/blocked_cards/entries')).json).toEqual({ entries: [], next: null });
    for (const entries of [[{ value: '' }], [{ value: 'a', ttl: '1h', until: '2026-03-02T12:00:00Z' }], [{ value: 'a', from: 2, until: 1 }], [{ value: 'a', colour: 'red' }], 'a']) expect((await upload({ entries })).status).toBe(422);
    expect((await gateway.ask('PUT', '/lists/none/entries', { body: { entries: [] } })).status).toBe(404);
  });

  it('an entry without a body lasts as long as its list says', async () => {
    expect((await gateway.ask('PUT', '/lists/blocked_cards/entries/c-1')).json).toMatchObject({ value: 'c-1', until: null });
  });

  it('rows are put, read and removed', async () => {
    expect((await gateway.ask('PUT', '/tables/customers/rows', { body: { rows: [{ customer_id: 'a', level: 'gold' }, { customer_id: 'b' }] } })).json).toEqual({ written: 2 });
    expect((await gateway.ask('PUT', '/tables/customers/rows/c', { body: { level: 'new' } })).json).toEqual({ customer_id: 'c', level: 'new' });
    expect((await gateway.ask('GET', '/tables/customers/rows')).json['rows']).toHaveLength(3);
    expect((await gateway.ask('DELETE', '/tables/customers/rows/a')).status).toBe(204);
    expect((await gateway.ask('GET', '/tables/customers/rows/a')).status).toBe(404);
  });
});

describe('labels and quarantine', () => {
  it('labels are taken with who said so, and when', async () => {
    expect((await gateway.ask('POST', '/labels', { body: { labels: [{ transaction_id: 't-1', fraud: true, at: '2026-02-01T00:00:00Z' }] } })).json).toEqual({ accepted: 1 });
    expect(gateway.suite.labels).toContainEqual({ transactionId: 't-1', fraud: true, by: 'admin', atMs: Date.UTC(2026, 1), source: 'api' });
  });

  it('what was refused is listed, and can be sent again corrected', async () => {
    await gateway.ask('POST', '/transactions', { body: { transaction_id: 't-1' } });
    expect((await gateway.ask('GET', '/quarantine?reason=invalid')).json).toMatchObject({ quarantine: [{ id: 'q-0', transaction_id: 't-1', field: 'amount', received_at: '2026-03-01T12:00:00.000Z' }] });
    expect((await gateway.ask('POST', '/quarantine/q-0/resend')).status).toBe(422);
    expect(await gateway.ask('POST', '/quarantine/q-0/resend', { body: { transaction_id: 't-1', amount: 5 } })).toMatchObject({ status: 200, json: { outcome: 'approve' } });
  });
});

describe('back-tests', () => {
  it('that run are cancelled, once, by who may start them', async () => {
    gateway.suite.mood = 'late';
    const { status, headers } = await gateway.ask('POST', '/backtests', { body: {} }), path = String(headers['location']);
    expect(status).toBe(202);
    expect((await gateway.ask('DELETE', path, { key: gateway.suite.addKey('reads-alone', ['read']) })).status).toBe(403);
    expect(await gateway.ask('DELETE', path)).toMatchObject({ status: 200, json: { status: 'cancelled', report: null, error: null } });
    expect((await gateway.ask('GET', path)).json).toMatchObject({ status: 'cancelled' });
    expect(gateway.suite.auditTrail[0]).toMatchObject({ action: 'backtest.cancel', subject: path.split('/').at(-1) });
    expect((await gateway.ask('DELETE', path)).status).toBe(409);
    expect((await gateway.ask('DELETE', '/backtests/b-nothing')).status).toBe(404);
  });
});

describe('the process', () => {
  it('tells its metrics', async () => {
    await decide('t-1', 1);
    const { text } = await gateway.ask('GET', '/metrics', { key: null });
    expect(text).toMatch(/weir_gateway_requests_total\{endpoint="POST \/transactions",status="200"\} \d+/);
    expect(text).toContain('weir_gateway_request_duration_seconds_bucket');
    expect(text).toMatch(/weir_gateway_rows_total\{became="decided"\} \d+/);
  });

  it('has no metric that the list for operators lacks', async () => {
    const { text } = await gateway.ask('GET', '/metrics', { key: null });
    const list = readFileSync(join(__dirname, '../../../docs/operating/metrics.md'), 'utf8');
    const names = [...text.matchAll(/^# TYPE (weir_\w+)/gm)].map(([, name]) => String(name));
    expect(names.filter((name) => !list.includes(`\`${name}\``))).toEqual([]);
  });

  it('allows its answers nothing but themselves', async () => {
    expect((await gateway.ask('GET', '/lists')).headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect((await gateway.ask('GET', '/docs', { key: null })).headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('serves its documentation without any other server', async () => {
    const page = (await gateway.ask('GET', '/docs', { key: null })).text;
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => String(path));
    expect(files.every((path) => path.startsWith('/docs/'))).toBe(true);
    for (const path of files) expect((await gateway.ask('GET', path, { key: null })).status).toBe(200);
  });
});

describe('alerts', () => {
  it('are listed with what raised them', async () => {
    gateway.suite.alert({ atMs: 0, severity: 'high', transactionId: 't-1', text: 'too much' });
    expect((await gateway.ask('GET', '/alerts?severity=high')).json).toMatchObject({ alerts: [{ at: '1970-01-01T00:00:00.000Z', severity: 'high', raised_by: { kind: 'score', name: 'default' }, transaction_id: 't-1', text: 'too much' }], next: null });
    expect((await gateway.ask('GET', '/alerts?severity=low')).json).toEqual({ alerts: [], next: null });
  });

  it('are open until somebody closes them', async () => {
    gateway.suite.alert({ id: 'a-0-7-score-default', atMs: 0, severity: 'high', transactionId: 't-1', text: 'too much' });
    expect((await gateway.ask('GET', '/alerts?status=open&limit=1')).json).toMatchObject({ alerts: [{ id: 'a-0-7-score-default', status: 'open', closed_by: null, closed_at: null, case_id: null }] });
    const reader = gateway.suite.addKey('alert-reader', ['read']);
    expect([(await gateway.ask('POST', '/alerts/a-0-7-score-default/close', { key: reader })).status, (await gateway.ask('POST', '/alerts/a-9/close')).status, (await gateway.ask('GET', '/alerts/a-9')).status, (await gateway.ask('GET', '/alerts?status=maybe')).status]).toEqual([403, 404, 404, 422]);
    expect((await gateway.ask('POST', '/alerts/a-0-7-score-default/close')).json).toMatchObject({ status: 'closed', closed_by: 'admin' });
    expect((await gateway.ask('GET', '/alerts/a-0-7-score-default')).json).toMatchObject({ status: 'closed' });
    expect(((await gateway.ask('GET', '/alerts?status=closed')).json as { alerts: unknown[] }).alerts).toHaveLength(1);
  });
});

describe('matches', () => {
  it('are listed with their events, and what limit was reached', async () => {
    expect((await gateway.ask('GET', '/matches?kind=limit')).json).toMatchObject({ matches: [{ pattern: 'small_then_large', limit: { name: 'partialMatchesMax', max: 50_000, dropped: 3 }, first: '1970-01-01T00:00:03.000Z' }], next: null });
    expect((await gateway.ask('GET', '/matches?kind=other')).status).toBe(422);
    expect((await gateway.ask('GET', '/matches?entity=card')).status).toBe(422);
  });

  it('are explained for an entity', async () => {
    expect((await gateway.ask('GET', '/entities/card/c-1/why-not?pattern=small_then_large')).json).toEqual({
      pattern: 'small_then_large', version: 1, entity: { type: 'card', id: 'c-1' }, open: [{ steps: { small: ['t1'] }, awaits: ['large'], since: '1970-01-01T00:00:01.000Z', until: null }], open_count: 1, latest: null,
    });
    expect((await gateway.ask('GET', '/entities/card/c-1/why-not')).status).toBe(422);
    expect((await gateway.ask('GET', '/entities/card/c-1/why-not?pattern=nope')).status).toBe(404);
  });
});

describe('snoozes', () => {
  const path = '/rules/large_amount/snoozes/card/c-1';
  it('are made, listed and taken back, and written down', async () => {
    expect(await gateway.ask('PUT', path, { body: { ttl: '1h', reason: 'on holiday' } })).toMatchObject({ status: 200, json: { rule: 'large_amount', entity: 'card', key: 'c-1', until: '2026-03-01T13:00:00.000Z', by: 'admin', reason: 'on holiday' } });
    expect((await gateway.ask('GET', '/rules/large_amount/snoozes')).json).toMatchObject({ snoozes: [{ key: 'c-1' }], next: null });
    expect((await gateway.ask('DELETE', path)).status).toBe(204);
    expect((await gateway.ask('DELETE', path)).status).toBe(404);
    expect(gateway.suite.auditTrail.slice(0, 2).map(({ action, subject }) => [action, subject])).toEqual([['rule.unsnooze', 'large_amount'], ['rule.snooze', 'large_amount']]);
  });

  it.each([[{}, 'until'], [{ ttl: '1h', until: 5 }, 'until'], [{ ttl: 'long' }, 'ttl']] as const)('%j is refused', async (body, field) => {
    expect(await gateway.ask('PUT', path, { body })).toMatchObject({ status: 422, json: { errors: [{ field }] } });
  });
});
