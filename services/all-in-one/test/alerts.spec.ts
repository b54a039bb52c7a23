/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import { SystemClock } from '@weir/ports';
import { decodeAlert } from '../src/suite/alerts/alert-record';
import { isSignedBy } from '../src/suite/alerts/webhook-signature';
import { soon } from './soon';
import { definitionsWith, SuiteFixture, TestFolder, testKey, type Answer } from './suite-fixture';

interface Received { readonly delivery: string; readonly signature: string; readonly body: string }

const folder = new TestFolder();
const key = Buffer.alloc(32, 7);
const suite = new SuiteFixture(folder.path, { env: { WEIR_WEBHOOK_PRIVATE: 'true', WEIR_WEBHOOK_KEY: key.toString('hex'), WEIR_WEBHOOK_FOLD_MS: '0' } });
const received: Received[] = [];
let status = 200, server: Server, sent = 0;

const post = (of: Readonly<Record<string, unknown>>): Promise<Answer> => {
  sent += 1;
  return suite.ask('POST', '/transactions', { transaction_id: `t-${sent}`, event_time: Date.now() - 60_000 + sent, card_id: 'c-1', merchant_id: 'm-1', amount: 5_000, ...of });
};
const alerts = async (query = ''): Promise<Record<string, unknown>[]> => (await suite.ask('GET', `/alerts${query}`)).json['alerts'] as Record<string, unknown>[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      received.push({ delivery: String(request.headers['weir-delivery']), signature: String(request.headers['weir-signature']), body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((ready) => { server.listen(0, '127.0.0.1', ready); });
  await suite.start();
  const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const told = definitionsWith(['tx.amount > 90000, weight: 0.35', `tx.amount > 90000, weight: 0.35, then: [{ alert: critical }, { webhook: "${hook}" }]`]);
  expect((await suite.apply(told)).status).toBe(200);
});
afterAll(async () => {
  await suite.stop();
  server.close();
  folder.remove();
});

describe('an alert', () => {
  it('is kept, and delivered signed', async () => {
    const decision = await post({ amount: 95_000 });
    expect(decision.json).toMatchObject({ rules: ['large_amount'], alert: true });
    await soon(async () => (await alerts()).length === 1);
    expect((await alerts())[0]).toMatchObject({ severity: 'critical', raised_by: { kind: 'rule', name: 'large_amount', key: null }, decision_id: decision.json['id'], transaction_id: 't-1', entity: expect.stringMatching(/^card:/) as string });
    await soon(() => received.length === 1);
    const [first] = received as [Received];
    expect(isSignedBy(first.body, first.signature, key, { nowMs: Date.now(), toleranceMs: 60_000 })).toBe(true);
    expect(JSON.parse(first.body)).toMatchObject({ specversion: '1.0', type: 'weir.alert.v1', weirfolded: 0, data: { decision_id: decision.json['id'], severity: 'critical', what: 'decided' } });
  });

  it('is found by what raised it, and not by anything else', async () => {
    expect(await alerts('?raised_by=large_amount&severity=critical')).toHaveLength(1);
    expect(await alerts('?severity=low')).toEqual([]);
    expect((await suite.ask('GET', '/alerts?cursor=x')).status).toBe(422);
  });

  it('is closed by itself, once, and stays so', async () => {
    const [{ id } = { id: '' }] = await alerts('?status=open');
    const path = `/alerts/${String(id)}`, closed = await suite.ask('POST', `${path}/close`);
    expect([closed.status, closed.json['status'], closed.json['closed_by']]).toEqual([200, 'closed', 'test']);
    expect((await suite.ask('POST', `${path}/close`)).json).toEqual(closed.json);
    expect([(await suite.ask('GET', path)).json, await alerts('?status=open'), await alerts('?status=closed')]).toEqual([closed.json, [], [closed.json]]);
    for (const unknown of ['a-0-99999-score-default', 'a-9-1-x', 'm-1', '%20', 'a-0-1']) expect((await suite.ask('POST', `/alerts/${unknown}/close`)).status).toBe(404);
  });

  it('that nobody took is sent again after a restart, with the same delivery id', async () => {
    status = 500;
    await post({ amount: 96_000 });
    await soon(() => received.length >= 2);
    await suite.stop();
    const before = received.length; // it may have been tried more than once
    status = 200;
    await suite.start();
    await soon(() => received.length > before);
    expect(received.at(-1)?.delivery).toBe(received[1]?.delivery);
    expect(received.at(-1)?.delivery).not.toBe(received[0]?.delivery);
  });

  it('is in the topic once, though its lane is replayed', async () => {
    const before = (await alerts()).map(({ id }) => id);
    await suite.stop();
    const log = new LmdbEventLog({ path: join(folder.path, 'log'), lanes: 1, clock: new SystemClock() });
    const records = await log.read('alerts', 0, 0, 100);
    await log.close();
    expect(records.map((record) => decodeAlert(record).alert.id).reverse()).toEqual(before);
    expect(records[0]?.headers).toMatchObject({ ce_specversion: '1.0', ce_type: 'weir.alert.v1', 'content-type': 'application/json' });
    // Without its state the lane starts over from its first record.
    rmSync(join(folder.path, 'state'), { recursive: true });
    await suite.start();
    await post({ amount: 5 });
    expect((await alerts()).map(({ id }) => id)).toEqual(before);
  });

  it('is streamed to whoever watches', async () => {
    const watching = new AbortController();
    const stream = await fetch(`${suite.suite.server.url}/stream`, { headers: { authorization: `Bearer ${testKey}` }, signal: watching.signal });
    await post({ amount: 97_000 });
    let streamed = '';
    const reading = (async () => { for await (const part of stream.body ?? []) streamed += Buffer.from(part).toString('utf8'); })().catch(() => undefined);
    await soon(() => /event: alert\nid: a-0-\d+-rule-large_amount\n/.test(streamed));
    watching.abort();
    await reading;
    expect((await alerts())[0]?.['transaction_id']).toBe(`t-${sent}`);
  });
});

describe('the key for signatures', () => {
  it('is made where none is given, and is for its owner alone', async () => {
    const other = new TestFolder(), alone = new SuiteFixture(other.path);
    await alone.start();
    await alone.stop();
    const file = join(other.path, 'webhook.key');
    expect([existsSync(file), statSync(file).mode & 0o777, readFileSync(file, 'utf8').length]).toEqual([true, 0o600, 64]);
    writeFileSync(file, '00'.repeat(32));
    await alone.start();
    await alone.stop();
    expect(readFileSync(file, 'utf8')).toBe('00'.repeat(32));
    other.remove();
  });
});
