import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { GatewayServer } from '../src/gateway-server';
import { readGatewayOptions } from '../src/gateway.config';
import { InMemorySuite } from './in-memory-suite';

const suite = new InMemorySuite();
suite.addKey('admin-key', ['admin']);

describe('a gateway that ends', () => {
  const server = new GatewayServer(suite.dependencies, { ...readGatewayOptions({}), host: '127.0.0.1', port: 0, drainMs: 60_000 });
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  let count = 0, url = '';
  const pay = (): Promise<readonly [status: number | undefined, connection: string | undefined, wasOpen: boolean]> => new Promise((resolve, reject) => {
    const sent = request(`${url}/transactions`, { agent, method: 'POST', headers: { authorization: 'Bearer admin-key', 'content-type': 'application/json' } }, (answer) => {
      answer.resume().on('end', () => { resolve([answer.statusCode, answer.headers.connection, sent.reusedSocket]); });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ transaction_id: `ending-${++count}`, amount: 1 }));
  });
  afterAll(() => { agent.destroy(); });

  it('answers whoever is connected, has them go with their answer, and is gone when nobody is left', async () => {
    await server.start();
    url = server.url;
    expect(await Promise.all([pay(), pay()])).toEqual([[200, 'keep-alive', false], [200, 'keep-alive', false]]);
    const stopped = server.stop();
    expect(await Promise.all([pay(), pay()])).toEqual([[200, 'close', true], [200, 'close', true]]);
    await stopped;
    await expect(pay()).rejects.toThrow('ECONNREFUSED');
  });

  // Node itself would wait for it for longer than a minute.
  it('does not wait for a connection that nobody asked anything over', async () => {
    const other = new GatewayServer(suite.dependencies, { ...readGatewayOptions({}), host: '127.0.0.1', port: 0 });
    await other.start();
    const unused = connect(Number(new URL(other.url).port), '127.0.0.1').on('error', () => undefined);
    await once(unused, 'connect');
    expect((await fetch(`${other.url}/healthz`)).status).toBe(200); // whoever connected before is known by now
    const closed = once(unused.resume(), 'close');
    await other.stop();
    await closed;
  }, 60_000);
});
