import { GatewayFixture } from './gateway-fixture';

describe('records, model files and status', () => {
  const gateway = new GatewayFixture();
  beforeAll(() => gateway.open());
  afterAll(() => gateway.close());

  it('give every verdict as a line, and one of them again with what was near', async () => {
    for (const id of ['r-1', 'r-2']) await gateway.ask('POST', '/transactions', { body: { transaction_id: id, card_id: 'c', amount: 5 } });
    const { text, headers } = await gateway.ask('GET', '/decisions/export');
    expect(String(headers['content-type'])).toContain('application/x-ndjson');
    const ids = text.trim().split('\n').map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toHaveLength(2);
    const again = await gateway.ask('GET', `/decisions/${ids[0]}/rerun`);
    expect(again.json).toMatchObject({ decision_id: ids[0], same: true, verdict: { id: ids[0] } });
    expect((await gateway.ask('GET', `/decisions/${ids[0]}/near-misses`)).json).toMatchObject({ what_if: [expect.stringContaining('approve')], rules: [{ rule: 'large_amount' }] });
    expect((await gateway.ask('GET', '/decisions/d-0-999/rerun')).status).toBe(404);
    expect((await gateway.ask('GET', '/decisions/d-0-999/near-misses')).status).toBe(404);
  });

  it('keep the bytes of a model as they came', async () => {
    const bytes = Buffer.from([0, 255, 254, 10, 13]);
    const kept = await gateway.ask('PUT', '/models/files?path=models/m.onnx', { body: bytes, type: 'application/octet-stream' });
    expect(kept.json).toMatchObject({ path: 'models/m.onnx', bytes: 5, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(Buffer.from(gateway.suite.modelFiles.get('models/m.onnx') ?? [])).toEqual(bytes);
    const reader = gateway.suite.addKey('reads', ['read']);
    expect((await gateway.ask('PUT', '/models/files?path=m', { body: bytes, type: 'application/octet-stream', key: reader })).status).toBe(403);
    expect((await gateway.ask('PUT', '/models/files', { body: bytes, type: 'application/octet-stream' })).status).toBe(422);
    expect((await gateway.ask('PUT', '/models/files?path=m', { body: { a: 1 } })).status).toBe(415);
    expect((await gateway.ask('POST', '/transactions', { body: bytes, type: 'application/octet-stream' })).status).toBe(415);
  });

  it('say what runs', async () => {
    expect((await gateway.ask('GET', '/status')).json).toMatchObject({ version: expect.any(String), ready: expect.any(Boolean), lanes: [{ lane: 0, lag: 0 }] });
    expect((await gateway.ask('GET', '/status', { key: null })).status).toBe(401);
  });
});
