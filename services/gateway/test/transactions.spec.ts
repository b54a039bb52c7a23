import { GatewayFixture } from './gateway-fixture';

const transaction = (id: string, amount = 5_716) => ({ transaction_id: id, event_time: '2026-03-01T12:00:00Z', card_id: 'c-1', amount });

let gateway: GatewayFixture;
beforeAll(async () => { gateway = await new GatewayFixture().open(); });
beforeEach(() => gateway.suite.clear());
afterAll(() => gateway.close());

describe('POST /transactions', () => {
  it('answers with the decision', async () => {
    const { status, json } = await gateway.ask('POST', '/transactions', { body: transaction('t-1', 1_500_000) });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      id: 'd-0-0', transaction_id: 't-1', event_time: '2026-03-01T12:00:00.000Z', outcome: 'review', score: 0.35, rules: ['large_amount'],
      features: { tx_count_1h: 3, amount_avg_30d: null, last_country: 'D"E', seen: true, 'top "3"': ['a', null] }, statuses: { tx_count_1h: 'PRESENT', amount_avg_30d: 'NULL_VALUE' },
      meta: { decided_at: '2026-03-01T12:00:00.002Z' },
    });
  });

  it('answers the same id again with the first decision, and says so', async () => {
    const first = await gateway.ask('POST', '/transactions', { body: transaction('t-1') });
    const second = await gateway.ask('POST', '/v1/transactions', { body: transaction('t-1', 9_000_000) });
    expect(second).toMatchObject({ status: 200, text: first.text, headers: { 'weir-duplicate': 'true' } });
    expect(first.headers['weir-duplicate']).toBeUndefined();
  });

  it('answers 202 and where the decision will be, after the deadline', async () => {
    gateway.suite.mood = 'late';
    const { status, headers, json } = await gateway.ask('POST', '/transactions', { body: transaction('t-1') });
    expect({ status, location: headers['location'] }).toEqual({ status: 202, location: '/decisions/d-0-0' });
    expect(json).toMatchObject({ status: 'pending', id: 'd-0-0' });
    expect((await gateway.ask('GET', '/decisions/d-0-0')).status).toBe(200);
  });

  it('answers 202 at once with ?wait=accepted', async () => {
    expect((await gateway.ask('POST', '/transactions?wait=accepted', { body: transaction('t-1') })).status).toBe(202);
  });

  it("adds the model's contributions with ?explain=true, and never otherwise", async () => {
    expect((await gateway.ask('POST', '/transactions?explain=true', { body: transaction('t-1') })).json['model']).toEqual({ name: 'fraud_xgb', version: 1, p: 0.05, base: -1, margin: 0.5, contributions: { amount: 1.5 } });
    expect((await gateway.ask('POST', '/transactions', { body: transaction('t-2') })).json['model']).toEqual({ name: 'fraud_xgb', version: 1, p: 0.05 });
  });

  it('takes the same Idempotency-Key with the same body, and refuses it with another', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const statuses = [];
    for (const body of [transaction('t-1'), transaction('t-1'), transaction('t-2')]) statuses.push((await gateway.ask('POST', '/transactions', { body, headers })).status);
    expect(statuses).toEqual([200, 200, 409]);
  });

  it('answers a quarantined one with 422, its reason and its field', async () => {
    const { status, json } = await gateway.ask('POST', '/transactions', { body: { transaction_id: 't-1' } });
    expect(status).toBe(422);
    expect(json).toMatchObject({ type: 'urn:weir:problem:WEIR_QUARANTINED', reason: 'invalid', errors: [{ field: 'amount', expected: 'money', got: 'nothing' }] });
  });

  it('lets only the role replay set _received_at', async () => {
    const decide = gateway.suite.addKey('decide-key', ['decide']);
    const replay = gateway.suite.addKey('replay-key', ['decide', 'replay']);
    const body = { ...transaction('t-1'), _received_at: 1_772_366_400_000 };
    expect((await gateway.ask('POST', '/transactions', { body, key: decide })).status).toBe(403);
    expect((await gateway.ask('POST', '/transactions', { body, key: replay })).status).toBe(200);
    expect((await gateway.ask('POST', '/transactions', { body: { ...transaction('t-2'), _received_at: 'soon' }, key: replay })).status).toBe(422);
  });
});

describe('GET /transactions/{transaction_id}', () => {
  it.each([['decided', 't-ok', 200], ['quarantined', 't-bad', 422], ['never seen', 't-none', 404]])('of one that is %s', async (_what, id, expected) => {
    await gateway.ask('POST', '/transactions', { body: transaction('t-ok') });
    await gateway.ask('POST', '/transactions', { body: { transaction_id: 't-bad' } });
    expect((await gateway.ask('GET', `/transactions/${id}`)).status).toBe(expected);
  });
});

describe('POST /transactions/batch', () => {
  const kinds = (rows: readonly unknown[]) => rows.map((row) => { const { outcome, status } = row as { outcome?: string; status?: number }; return outcome ?? status; });

  it('answers an array with the results in order; a bad row harms no other', async () => {
    const { status, json } = await gateway.ask('POST', '/transactions/batch', { body: [transaction('t-1'), 7, { transaction_id: 't-2' }, transaction('t-3', 3_000_000), transaction('t-1')] });
    expect(status).toBe(200);
    const results = json['results'] as unknown[];
    expect(kinds(results)).toEqual(['approve', 422, 422, 'block', 'approve']);
    expect(results[4]).toMatchObject({ transaction_id: 't-1', duplicate: true });
    expect(results[0]).not.toHaveProperty('duplicate');
  });

  it('answers NDJSON with a line per line', async () => {
    const lines = [JSON.stringify(transaction('t-1')), '{oops', '', JSON.stringify(transaction('t-2', 1_500_000))];
    const { status, text, headers } = await gateway.ask('POST', '/transactions/batch', { body: lines.join('\r\n'), type: 'application/x-ndjson' });
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/x-ndjson' });
    expect(kinds(text.trimEnd().split('\n').map((line): unknown => JSON.parse(line)))).toEqual(['approve', 400, 'review']);
  });

  it.each([[0, []], [1, [1]], [1_300, [512, 512, 276]]])('hands %d rows to the edge in chunks %j', async (rows, chunks) => {
    const body = Array.from({ length: rows }, (_, index) => transaction(`t-${index}`));
    const { json } = await gateway.ask('POST', '/transactions/batch', { body });
    expect((json['results'] as { transaction_id: string }[]).map(({ transaction_id }) => transaction_id)).toEqual(body.map(({ transaction_id }) => transaction_id));
    expect(gateway.suite.rowsByCall).toEqual(chunks);
  });

  it.each([['overloaded', 503], ['store down', 503], ['broken', 500]] as const)('gives each row its problem when the suite is %s', async (mood, expected) => {
    gateway.suite.mood = mood;
    const { json, text } = await gateway.ask('POST', '/transactions/batch', { body: [transaction('t-1'), 7] });
    expect(kinds(json['results'] as unknown[])).toEqual([expected, 422]);
    expect(text).not.toContain('secret');
  });

  it('answers with what each came to and no more, where that is preferred', async () => {
    const { json, headers } = await gateway.ask('POST', '/transactions/batch', { body: [transaction('t-1'), transaction('t-1'), 7], headers: { prefer: 'return=minimal' } });
    expect(headers['preference-applied']).toBe('return=minimal');
    expect(json['results']).toEqual([{ id: 'd-0-0', transaction_id: 't-1', outcome: 'approve', score: 0.05 }, { id: 'd-0-0', transaction_id: 't-1', outcome: 'approve', score: 0.05, duplicate: true }, expect.objectContaining({ status: 422 })]);
  });

  it("takes Feast's push as events of its source", async () => {
    const { json } = await gateway.ask('POST', '/push', { body: { push_source_name: 'transactions', df: { transaction_id: ['t-1', 't-2'], amount: [1, 2_500_000] } } });
    expect(kinds(json['results'] as unknown[])).toEqual(['approve', 'block']);
    expect((await gateway.ask('POST', '/push', { body: { push_source_name: 'x', df: { a: [1], b: [] } } })).status).toBe(422);
  });
});
