import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayServer } from '../src/gateway-server';
import { readGatewayOptions } from '../src/gateway.config';
import { InMemorySuite } from './in-memory-suite';

const suite = new InMemorySuite();
suite.addKey('admin-key', ['admin']);
const authorization = 'Bearer admin-key';
const folder = mkdtempSync(join(tmpdir(), 'weir-console-'));
let server: GatewayServer;

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Weir</title>');
  writeFileSync(join(folder, 'assets', 'app-1a2b.js'), 'console.log(1)');
  server = new GatewayServer(suite.dependencies, { ...readGatewayOptions({}), host: '127.0.0.1', port: 0, consoleDir: folder, streamClientsMax: 1 });
  await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('a gateway that listens', () => {
  it('answers many requests at once over real connections', async () => {
    const statuses = await Promise.all(Array.from({ length: 300 }, async (_, index) => {
      const response = await fetch(`${server.url}/transactions`, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify({ transaction_id: `many-${index}`, amount: 1 }) });
      await response.arrayBuffer();
      return response.status;
    }));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('serves the console, which may load and ask nothing but itself', async () => {
    const page = await fetch(`${server.url}/`);
    expect({ status: page.status, text: await page.text() }).toEqual({ status: 200, text: '<!doctype html><title>Weir</title>' });
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const script = await fetch(`${server.url}/assets/app-1a2b.js`);
    expect({ type: script.headers.get('content-type'), cache: script.headers.get('cache-control'), encoding: script.headers.get('content-encoding') })
      .toEqual({ type: 'text/javascript; charset=utf-8', cache: 'public, max-age=31536000, immutable', encoding: 'gzip' });
    expect((await fetch(`${server.url}/`, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })).status).toBe(304);
    expect((await fetch(`${server.url}/assets/..%2findex.html`)).status).toBe(404);
  });

  it('streams decisions as they are taken, to as many as may watch, and ends the stream when it stops', async () => {
    const stream = await fetch(`${server.url}/stream`, { headers: { authorization } });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect((await fetch(`${server.url}/stream`, { headers: { authorization } })).status).toBe(503);
    server.context.liveFeed.endSecond();
    const post = await fetch(`${server.url}/v1/transactions`, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: '{"transaction_id":"streamed","amount":7}' });
    expect(post.status).toBe(200);
    const stopped = server.stop();
    const text = await stream.text();
    await stopped;
    expect(text).toContain('event: history\n');
    expect(text).toContain('"transaction_id":"streamed"');
  });
});
