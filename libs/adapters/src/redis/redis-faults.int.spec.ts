import { Redis } from 'ioredis';
import { describeOn, freshName, OwnServer, ownServers, TcpProxy, testCertificates, type OwnRedisSpec } from '../testing-servers';
import { connectRedis } from './connection';
import { RedisOnlineStore, type RedisOnlineStoreOptions } from './index';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const lastOf = async (store: RedisOnlineStore, lane: number, key: string): Promise<unknown> => {
  const [read] = await store.readWithPosition([lane], [key]);
  return [read?.position, read?.values[0] === undefined ? undefined : [...read.values[0]]];
};

/** Tried again while the error says that it may be, as the runner of a lane does. */
async function persistent<T>(work: () => Promise<T>, attemptsMax = 1_200): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attemptsMax || !(error instanceof Error && 'retriable' in error && error.retriable === true)) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }
}

/** Asks again until it is so. */
async function until(holds: () => Promise<boolean>, attemptsMax = 1_200): Promise<void> {
  for (let attempt = 1; !await holds(); attempt += 1) {
    if (attempt >= attemptsMax) throw new Error(`still not so after ${attempt} attempts`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

describe('Redis, when it is hard to reach or in trouble', () => {
  describeOn(ownServers('redis'), () => {
    const closing: Array<() => Promise<unknown>> = [];
    afterEach(async () => { for (const close of closing.splice(0).reverse()) await close(); });
    const server = async (spec: OwnRedisSpec): Promise<OwnServer> => {
      const own = await OwnServer.redis(spec);
      closing.push(() => own.remove());
      return own;
    };
    const storeOn = (options: RedisOnlineStoreOptions): RedisOnlineStore => {
      const store = new RedisOnlineStore({ prefix: freshName('weir'), ...options });
      closing.push(() => store.close());
      return store;
    };
    const plain = ['--port', '{port:0}', '--save', ''];
    const certificates = ['--tls-cert-file', '{dir}/server.pem', '--tls-key-file', '{dir}/server.key', '--tls-ca-cert-file', '{dir}/authority.pem', '--tls-auth-clients', 'no'];
    const secure = ['--port', '0', '--tls-port', '{port:0}', ...certificates, '--save', ''];
    const byTls = async (servers: OwnRedisSpec['servers'], files: OwnRedisSpec['files'] = {}): Promise<{ own: OwnServer; authority: string }> => {
      const { authority, certificate, key } = await testCertificates();
      return { own: await server({ servers, files: { ...files, 'server.pem': certificate, 'server.key': key, 'authority.pem': authority } }), authority };
    };

    it('is spoken to by TLS and with a user of few rights; says what is wrong when it is not let in', async () => {
      const rights = ['--user', 'weir', 'on', '>secret', '~{weir:*', '&weir:reply:*', '-@all', '+@connection', '+@transaction', '+hget', '+hset', '+hdel', '+hmget', '+hscan', '+hrandfield', '+unlink', '+eval', '+info', '+publish', '+subscribe'];
      const { own, authority } = await byTls([[...secure, ...rights]]);
      const right = { url: `rediss://${own.address}`, username: 'weir', password: 'secret', prefix: 'weir', tls: { ca: authority }, retriesMax: 0 };
      const store = storeOn(right);
      await store.publish(0, 7, [['stage/k', bytes(1, 2)], ['stage/gone', undefined]]);
      expect(await lastOf(store, 0, 'stage/k')).toEqual([7, [1, 2]]);
      const scanned: string[] = [];
      for await (const [name] of store.scan(0, 'stage/')) scanned.push(name);
      expect(scanned).toEqual(['stage/k']);
      await store.clear(0);
      expect(await store.position(0)).toBe(-1);
      const refused: ReadonlyArray<readonly [Partial<RedisOnlineStoreOptions>, RegExp]> = [
        [{ password: 'wrong' }, /WRONGPASS/], [{ tls: {} }, /certificate/i], [{ prefix: 'other' }, /NOPERM/], [{ url: `rediss://user@${own.address}`, tls: { ca: authority, servername: 'elsewhere.test' } }, /altnames|WRONGPASS|servername/i],
      ];
      for (const [change, message] of refused) await expect(storeOn({ ...right, ...change }).position(0)).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED', message: expect.stringMatching(message) });
    });

    it('is left quietly by who is closed in the midst of the handshake with a server that he does not trust', async () => {
      const { own } = await byTls([secure]);
      await Promise.all(Array.from({ length: 20 }, async () => {
        const client = connectRedis({ url: `rediss://${own.address}`, retriesMax: 0 });
        const ended = new Promise((resolve) => { client.once('end', resolve); });
        client.connect().catch(() => undefined);
        await new Promise((resolve) => { setImmediate(resolve); });
        client.disconnect();
        await ended;
      }));
    });

    it('is found again by Sentinels after the master is gone, with what a replica had', async () => {
      const sentinel = 'port {port:2}\nbind 127.0.0.1\nsentinel monitor weir 127.0.0.1 {port:0} 1\nsentinel down-after-milliseconds weir 300\nsentinel failover-timeout weir 1000\n';
      const own = await server({
        servers: [plain, ['--port', '{port:1}', '--save', '', '--repl-diskless-sync-delay', '0', '--replicaof', '127.0.0.1', '{port:0}'], ['{dir}/sentinel.conf', '--sentinel']], files: { 'sentinel.conf': sentinel },
      });
      const [master, , sentinels] = own.addresses.map((address) => ({ host: '127.0.0.1', port: Number(address.split(':')[1]) }));
      if (master === undefined || sentinels === undefined) throw new Error('three servers are expected');
      const store = storeOn({ sentinels: { name: 'weir', nodes: [sentinels] }, replicasMin: 1, commandTimeoutMs: 1_000, retriesMax: 0 });
      await persistent(() => store.publish(0, 1, [['k', bytes(1)]]));
      // A Sentinel asks the master for its replicas every ten seconds: one whose master is gone before has nobody to promote, ever.
      const watcher = new Redis(sentinels.port, sentinels.host);
      closing.push(async () => { watcher.disconnect(); });
      await watcher.call('SENTINEL', 'DEBUG', 'INFO-PERIOD', '100');
      await until(async () => /(^|,)slave(,|$).*master-link-status,ok/s.test(String(await watcher.call('SENTINEL', 'REPLICAS', 'weir'))));
      const admin = new Redis(master.port, master.host, { retryStrategy: () => null });
      admin.on('error', () => undefined);
      await admin.call('SHUTDOWN', 'NOSAVE').catch(() => undefined);
      admin.disconnect();
      expect(await persistent(() => lastOf(store, 0, 'k'))).toEqual([1, [1]]);
      const alone = storeOn({ sentinels: { name: 'weir', nodes: [sentinels] } });
      expect(await persistent(() => alone.position(0))).toBeGreaterThanOrEqual(-1);
    });

    it('is reached through Sentinels by TLS, both, by those alone who trust them', async () => {
      const sentinel = 'port 0\ntls-port {port:1}\ntls-replication yes\nbind 127.0.0.1\nsentinel monitor weir 127.0.0.1 {port:0} 1\n';
      const { own, authority } = await byTls([secure, ['{dir}/sentinel.conf', '--sentinel', ...certificates]], { 'sentinel.conf': sentinel });
      const port = Number(own.addresses[1]?.split(':')[1]), sentinels = { name: 'weir', nodes: [{ host: '127.0.0.1', port }] };
      const store = storeOn({ sentinels, tls: { ca: authority } });
      await persistent(() => store.publish(0, 3, [['k', bytes(1)]]));
      expect(await lastOf(store, 0, 'k')).toEqual([3, [1]]);
      const unanswered = { connectTimeoutMs: 500, commandTimeoutMs: 500, retriesMax: 0 };
      for (const tls of [{ tls: {} }, {}]) await expect(storeOn({ sentinels, ...tls, ...unanswered }).position(0)).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED' });
    });

    it('that comes back empty is noticed by the owner of a lane, who else would leave holes; a new owner begins from nothing', async () => {
      const own = await server({ servers: [plain] });
      const prefix = freshName('weir'), owner = storeOn({ url: `redis://${own.address}`, prefix });
      await owner.publish(0, 10, [['a', bytes(1)], ['b', bytes(1)]]);
      await own.kill();
      await own.start();
      const lost = { code: 'WEIR_FENCED', retriable: false, message: expect.stringContaining('lost') };
      await expect(persistent(() => owner.read(0, ['a']))).rejects.toMatchObject(lost);
      await expect(persistent(() => owner.publish(0, 11, [['b', bytes(2)]]))).rejects.toMatchObject(lost);
      const next = storeOn({ url: `redis://${own.address}`, prefix });
      expect(await next.position(0)).toBe(-1);
      await next.publish(0, 11, [['a', bytes(1)], ['b', bytes(2)]]);
      expect(await lastOf(next, 0, 'a')).toEqual([11, [1]]);
    });

    it('that is full takes all of a publish or nothing, says so, and goes on when there is room', async () => {
      const own = await server({ servers: [[...plain, '--maxmemory', '12mb', '--maxmemory-policy', 'noeviction']] });
      const store = storeOn({ url: `redis://${own.address}` });
      await store.publish(0, 1, [['old', bytes(1)], ['kept', bytes(1)]]);
      const filler = new Redis(`redis://${own.address}`);
      // Ever smaller, for what is refused takes memory itself.
      for (const size of [1 << 20, 1 << 16, 1 << 12, 1 << 8, 1]) {
        for (let part = 0, full = false; part < 500 && !full; part += 1) full = await filler.set(`filler-${size}-${part}`, Buffer.alloc(size)).then(() => false, () => true);
      }
      const full = { code: 'WEIR_STORE_FAILED', retriable: true, message: expect.stringMatching(/OOM|memory/) };
      await expect(store.publish(0, 2, [['old', undefined], ['new', new Uint8Array(1_000)]])).rejects.toMatchObject(full);
      await expect(store.publish(0, 2, [['old', undefined]])).rejects.toMatchObject(full);
      expect(await store.position(0)).toBe(1);
      await filler.del('filler-1048576-0', 'filler-1048576-1');
      filler.disconnect();
      expect(await persistent(() => lastOf(store, 0, 'old'))).toEqual([1, [1]]);
      await persistent(() => store.publish(0, 2, [['old', undefined], ['new', bytes(2)]]));
      expect([await lastOf(store, 0, 'old'), await lastOf(store, 0, 'new'), await lastOf(store, 0, 'kept')]).toEqual([[2, undefined], [2, [2]], [2, [1]]]);
    });

    it('that is slow or silent fails in time, may be asked again, and a publish that came through unheard counts once', async () => {
      const own = await server({ servers: [plain] });
      const proxy = await TcpProxy.to(own.address);
      closing.push(() => proxy.close());
      const store = storeOn({ url: `redis://${proxy.address}`, commandTimeoutMs: 300, retriesMax: 0 });
      await persistent(() => store.publish(0, 1, [['k', bytes(1)]]));
      const failed = { code: 'WEIR_STORE_FAILED', retriable: true };
      proxy.slow(1_500);
      await expect(store.publish(0, 2, [['k', bytes(2)]])).rejects.toMatchObject(failed);
      proxy.slow(0);
      await persistent(() => store.publish(0, 2, [['k', bytes(2)]]));
      expect(await persistent(() => lastOf(store, 0, 'k'))).toEqual([2, [2]]);
      proxy.cut();
      await persistent(() => store.publish(0, 3, [['k', bytes(3)]]));
      proxy.shut();
      await expect(store.position(0)).rejects.toMatchObject(failed);
      proxy.open();
      expect(await persistent(() => lastOf(store, 0, 'k'))).toEqual([3, [3]]);
      await own.pause();
      await expect(store.read(0, ['k'])).rejects.toMatchObject(failed);
      await own.resume();
      expect((await persistent(() => store.read(0, ['k'])))[0]).toEqual(Buffer.from([3]));
    });
  });
});
