import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { SqlRegistry } from '../sql';
import { describeOn, freshDatabase, postgresServer, TcpProxy, testCertificates } from '../testing-servers';
import { openPostgres } from './index';

const key = (id: string): Parameters<SqlRegistry['addKey']>[0] => ({ id, name: id, secretHash: id, roles: ['read'], createdAtMs: 1, createdBy: 'test', revokedAtMs: null });
const hostOf = (url: string): string => { const { hostname, port } = new URL(url); return `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port}`; };
const through = (url: string, address: string): string => { const { hostname, port } = new URL(`tcp://${address}`), changed = new URL(url); changed.hostname = hostname; changed.port = port; return changed.href; };

describe('PostgreSQL, when it is hard to reach or in trouble', () => {
  describeOn(postgresServer(), (server) => {
    const closing: Array<() => Promise<unknown>> = [];
    afterEach(async () => { for (const close of closing.splice(0).reverse()) await close(); });
    const database = async (): Promise<string> => {
      const { url, drop } = await freshDatabase(server);
      closing.push(drop);
      return url;
    };
    const registryAt = async (url: string, more: { connectTimeoutMs?: number; statementTimeoutMs?: number } = {}): Promise<SqlRegistry> => {
      const opened = await openPostgres({ url, connectionsMax: 3, ...more });
      closing.push(() => opened.destroy());
      return new SqlRegistry(opened);
    };

    it('is spoken to by TLS, its certificate checked; says what is wrong with one', async () => {
      const { authority, certificate, key: secret } = await testCertificates(new URL(server).hostname);
      const folder = mkdtempSync(join(tmpdir(), 'weir-test-')), file = join(folder, 'authority.pem'), strange = join(folder, 'strange.pem');
      closing.push(() => Promise.resolve(rmSync(folder, { recursive: true })));
      writeFileSync(file, authority);
      writeFileSync(strange, (await testCertificates()).authority);
      await useTls(server, certificate, secret);
      const url = through(await database(), hostOf(server)), asked = (settings: string): string => `${url}?${settings}`;
      const registry = await registryAt(asked(`sslmode=verify-full&sslrootcert=${file}`));
      await registry.addKey(key('by-tls'));
      expect((await registry.keys()).map(({ id }) => id)).toEqual(['by-tls']);
      for (const [settings, message] of [[`sslmode=verify-full&sslrootcert=${strange}`, /certificate|signature/i], ['sslmode=verify-full', /certificate/i]] as const) {
        await expect(openPostgres(asked(settings))).rejects.toMatchObject({ code: 'WEIR_REGISTRY_FAILED', message: expect.stringMatching(message) });
      }
    });

    it('goes on after its connections were ended, at rest or in the middle', async () => {
      const url = await database(), registry = await registryAt(url);
      await registry.addKey(key('a'));
      await onServer(server, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${new URL(url).pathname.slice(1)}'`);
      await atLast(() => registry.addKey(key('b')));
      expect((await registry.keys()).map(({ id }) => id).sort()).toEqual(['a', 'b']);
    });

    it('fails with an error that may be tried again while it can not be reached or says nothing, and works when it is back', async () => {
      const url = await database(), proxy = await TcpProxy.to(hostOf(server));
      closing.push(() => proxy.close());
      const registry = await registryAt(through(url, proxy.address), { connectTimeoutMs: 4_000, statementTimeoutMs: 4_000 });
      await registry.addKey(key('a'));
      const failed = { code: 'WEIR_REGISTRY_FAILED', retriable: true };
      proxy.shut();
      await expect(registry.keys()).rejects.toMatchObject(failed);
      proxy.open();
      expect((await atLast(() => registry.keys())).map(({ id }) => id)).toEqual(['a']);
      proxy.silence();
      await expect(registry.keys()).rejects.toMatchObject(failed);
      proxy.open();
      expect((await atLast(() => registry.keys())).map(({ id }) => id)).toEqual(['a']);
    });
  });
});

/** Turns TLS on by statements alone, so that it works wherever the server is. Who does not ask for it is served as before. */
async function useTls(server: string, certificate: string, key: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  const write = (name: string, text: string): Promise<unknown> => client.query(`copy (select '${Buffer.from(text).toString('base64')}') to program 'umask 077; base64 -d > ${name}'`);
  await write('weir-test.pem', certificate);
  await write('weir-test.key', key);
  for (const [name, value] of [['ssl_cert_file', 'weir-test.pem'], ['ssl_key_file', 'weir-test.key'], ['ssl', 'on']]) await client.query(`alter system set ${name} = '${value}'`);
  await client.query('select pg_reload_conf()');
  await client.end();
  await atLast(async () => {
    const again = new Client({ connectionString: server });
    await again.connect();
    const { rows } = await again.query<{ ssl: string }>('show ssl');
    await again.end();
    if (rows[0]?.ssl !== 'on') throw new Error('the settings were not read again yet');
  });
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The first that succeeds. */
async function atLast<T>(work: () => Promise<T>, attemptsMax = 1_200): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try { return await work(); } catch (error) { if (attempt >= attemptsMax) throw error; }
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
