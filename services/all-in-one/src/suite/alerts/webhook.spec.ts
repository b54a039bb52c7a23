import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Alert } from '@weir/scoring';
import { VirtualClock } from '@weir/testkit';
import type { StoredAlert } from './alert-record';
import { isPrivateAddress, webhookUrlFault } from './webhook-address';
import { deliveriesPerAddressMax, WebhookEndpoint, type Delivery } from './webhook-endpoint';
import { postWebhook, type PostResult } from './webhook-post';
import { isSignedBy, signatureOf } from './webhook-signature';

describe('an address to deliver to', () => {
  it.each([
    '127.0.0.1', '10.1.2.3', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '64:ff9b::a00:1', '2002:a00:1::', '2001:db8::1', 'nonsense',
  ])('%s is none of the public internet', (address) => { expect(isPrivateAddress(address)).toBe(true); });
  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])('%s is', (address) => { expect(isPrivateAddress(address)).toBe(false); });

  it.each([
    ['https://example.org/alerts', undefined], ['http://example.org:8080/a?b=c', undefined], ['ftp://example.org', 'ftp'], ['file:///etc/passwd', 'file'], ['not an address', 'no address'], ['https://user:secret@example.org', 'an address with them'],
    ['https://example.org/#x', '#x'], ['http://127.0.0.1/', 'the private 127.0.0.1'], ['http://localhost/', 'the private localhost'], ['http://[::1]/', 'the private ::1'], ['http://2130706433/', 'the private 127.0.0.1'], ['http://0x7f.1/', 'the private 127.0.0.1'],
  ])('%s: %s', (url, got) => { expect(webhookUrlFault(url, { allowPrivate: false })?.got).toBe(got); });

  it('may be private where that is allowed', () => { expect(webhookUrlFault('http://127.0.0.1/', { allowPrivate: true })).toBeUndefined(); });
});

describe('a signature', () => {
  const key = Buffer.from('0123456789abcdef'), header = signatureOf('{"a":1}', key, 5_000_000);
  it.each([
    ['holds', '{"a":1}', header, 5_000_000, true], ['does not hold for another body', '{"a":2}', header, 5_000_000, false], ['does not hold later', '{"a":1}', header, 5_400_000, false],
    ['does not hold with another time', '{"a":1}', header.replace('t=5000', 't=5001'), 5_000_000, false], ['does not hold in another form', '{"a":1}', 'v1=00', 5_000_000, false],
  ])('%s', (_what, body, given, nowMs, holds) => { expect(isSignedBy(body, given, key, { nowMs, toleranceMs: 300_000 })).toBe(holds); });
});

describe('a call', () => {
  let server: Server, seen: IncomingMessage[], status: number;
  beforeAll(async () => {
    server = createServer((request, response) => { seen.push(request); response.writeHead(status, { location: '/elsewhere' }).end('ignored'); });
    await new Promise<void>((ready) => { server.listen(0, '127.0.0.1', ready); });
  });
  beforeEach(() => { seen = []; status = 204; });
  afterAll(() => { server.close(); });
  const call = (host: string, allowPrivate: boolean): Promise<PostResult> =>
    postWebhook(`http://${host}:${(server.address() as AddressInfo).port}/hook`, { headers: { 'weir-delivery': 'd' }, body: '{}' }, { timeoutMs: 60_000, allowPrivate, signal: new AbortController().signal });

  it('arrives as it is', async () => {
    expect(await call('127.0.0.1', true)).toEqual({ kind: 'answered', status: 204 });
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/hook', headers: { 'weir-delivery': 'd', 'content-length': '2' } });
  });
  it('follows no redirect', async () => {
    status = 302;
    expect(await call('127.0.0.1', true)).toEqual({ kind: 'answered', status: 302 });
    expect(seen).toHaveLength(1);
  });
  it.each(['127.0.0.1', 'localhost'])('to %s is not made unless private addresses are allowed', async (host) => {
    expect(await call(host, false)).toMatchObject({ kind: 'refused' });
    expect(seen).toEqual([]);
  });
  it('that nobody answers fails', async () => { expect(await postWebhook('http://127.0.0.1:1/', { headers: {}, body: '' }, { timeoutMs: 500, allowPrivate: true, signal: new AbortController().signal })).toMatchObject({ kind: 'failed' }); });
});

/** An address behind a clock that is moved by hand. */
class Bench {
  readonly clock = new VirtualClock(0);
  readonly sent: Array<{ readonly id: string; readonly alert: string; readonly folded: number; readonly atMs: number }> = [];
  readonly ends: string[] = [];
  done = 0;
  result: PostResult | undefined = { kind: 'answered', status: 200 };
  readonly endpoint: WebhookEndpoint;

  constructor(options: { readonly foldMs?: number; readonly attemptsMax?: number } = {}) {
    this.endpoint = new WebhookEndpoint({
      url: 'https://example.org/', clock: this.clock, foldMs: options.foldMs ?? 0, attemptsMax: options.attemptsMax ?? 3, post: (delivery) => this.post(delivery), ended: (how) => { this.ends.push(how); }, retried: () => undefined, folded: () => undefined, wakeAt: () => undefined,
    });
  }
  take(id: string, rule = 'r', entity = 'card:c1'): void { this.endpoint.take(alertOf(id, rule, entity), () => { this.done += 1; }); }
  async run(toMs = this.clock.nowMs()): Promise<void> {
    this.clock.set(toMs);
    for (let turn = 0; turn < 20; turn += 1) { this.endpoint.run(); await Promise.resolve(); await Promise.resolve(); }
  }
  private post(delivery: Delivery): Promise<PostResult | undefined> {
    this.sent.push({ id: delivery.id, alert: delivery.stored.alert.id, folded: delivery.folded, atMs: this.clock.nowMs() });
    return Promise.resolve(this.result);
  }
}

const alertOf = (id: string, name: string, entity: string): StoredAlert => ({
  entity, origin: { lane: 0, offset: 0 },
  alert: {
    specversion: '1.0', id, source: '/weir/lanes/0', type: 'weir.alert.v1', subject: 't', time: '2026-01-01T00:00:00.000Z', datacontenttype: 'application/json', webhooks: [],
    data: { severity: 'high', what: 'decided', raised_by: { kind: 'rule', name, key: null }, decision_id: null, transaction: null, outcome: null, score: null, reasons: [], events: null },
  } satisfies Alert,
});

describe('deliveries to one address', () => {
  it('are tried again later and later with the same id, and given up after the last attempt', async () => {
    const bench = new Bench({ attemptsMax: 4 });
    bench.result = { kind: 'answered', status: 500 };
    bench.take('a');
    for (let ms = 0; ms <= 20_000; ms += 50) await bench.run(ms);
    expect(new Set(bench.sent.map(({ id }) => id)).size).toBe(1);
    const pauses = bench.sent.slice(1).map(({ atMs }, index) => atMs - (bench.sent[index]?.atMs ?? 0));
    expect(pauses.map((pause, index) => pause >= 1_000 * 2 ** index && pause <= 1_300 * 2 ** index)).toEqual([true, true, true]);
    expect([bench.ends, bench.done, bench.endpoint.isIdle]).toEqual([['given_up'], 1, true]);
  });

  it('end at the first attempt that is taken', async () => {
    const bench = new Bench();
    bench.result = { kind: 'failed', why: 'reset' };
    bench.take('a');
    await bench.run();
    expect(bench.done).toBe(0);
    bench.result = { kind: 'answered', status: 200 };
    await bench.run(2_000);
    expect([bench.ends, bench.sent.length, bench.done]).toEqual([['delivered'], 2, 1]);
  });

  it('are not tried again where they must not be made, nor counted where the process ends', async () => {
    const refused = new Bench(), ending = new Bench();
    refused.result = { kind: 'refused', why: 'private' };
    ending.result = undefined;
    for (const bench of [refused, ending]) { bench.take('a'); await bench.run(); await bench.run(60_000); }
    expect([refused.ends, refused.done, refused.sent.length]).toEqual([['refused'], 1, 1]);
    expect([ending.ends, ending.done, ending.sent.length]).toEqual([[], 0, 1]);
  });

  it('fold what the same rule raises for the same entity within the time', async () => {
    const bench = new Bench({ foldMs: 60_000 });
    bench.take('a1');
    await bench.run();
    for (const id of ['a2', 'a3', 'a4']) bench.take(id);
    bench.take('b1', 'another rule');
    bench.take('c1', 'r', 'card:c2');
    await bench.run(30_000);
    expect(bench.sent.map(({ alert, folded }) => [alert, folded])).toEqual([['a1', 0], ['b1', 0], ['c1', 0]]);
    expect([bench.done, bench.endpoint.isIdle]).toEqual([3, false]);
    await bench.run(60_000);
    expect(bench.sent.slice(3).map(({ alert, folded }) => [alert, folded])).toEqual([['a4', 2]]);
    expect([bench.done, bench.endpoint.isIdle]).toEqual([6, true]);
    bench.take('a5');
    await bench.run(119_000);
    expect(bench.sent).toHaveLength(4);
    await bench.run(120_000);
    expect(bench.sent.at(-1)).toMatchObject({ alert: 'a5', folded: 0 });
  });

  it('never wait in greater number than allowed: the oldest goes', async () => {
    const bench = new Bench();
    for (let index = 0; index < deliveriesPerAddressMax + 5; index += 1) bench.take(`a${index}`);
    expect([bench.ends.length, bench.done, bench.endpoint.pending]).toEqual([5, 5, deliveriesPerAddressMax]);
    await bench.run();
    expect(bench.sent[0]?.alert).toBe('a5');
  });
});
