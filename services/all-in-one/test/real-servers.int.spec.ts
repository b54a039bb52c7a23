import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { describeOn, freshDatabase, freshName, kafkaServer, OwnServer, ownServers, postgresServer } from '@weir/adapters/testing-servers';
import { SeededRandom } from '@weir/testkit';
import { vectorOf } from '../src/history/history-job';
import { unpackDecision } from '../src/suite/decision-rows';
import { soon } from './soon';
import { definitionsText, TestFolder } from './suite-fixture';

const root = join(__dirname, '../../..');
const apiKey = 'weir_key_of_the_real_servers_test';
const eventsCount = 900, rowsPerRequest = 150;

function eventsOf(random: SeededRandom): string[] {
  let nowMs = Date.UTC(2026, 0, 5);
  return Array.from({ length: eventsCount }, (_, index) => {
    nowMs += Math.floor(random.exponential(4_000));
    return JSON.stringify({
      transaction_id: `t-${random.chance(0.03) ? index - 1 : index}`, event_time: nowMs - (random.chance(0.1) ? random.int(0, 120_000) : 0), _received_at: nowMs, card_id: `card-${random.int(0, 20)}`, merchant_id: `m-${random.int(0, 9)}`,
      amount: random.chance(0.3) ? random.int(1, 999) : random.chance(0.1) ? random.int(90_001, 200_000) : random.int(1_000, 90_000),
    });
  });
}

/** `weir up` as a user starts it. */
class WeirUp {
  private child: ChildProcess | undefined;
  private url = '';
  private said = '';
  constructor(private readonly node: string, private readonly args: readonly string[], private readonly env: NodeJS.ProcessEnv) {}

  async start(): Promise<void> {
    const child = spawn(this.node, ['--disable-warning=ExperimentalWarning', join(root, 'dist/services/all-in-one/src/main.js'), 'up', '--port', '0', '--json', ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: '', WEIR_API_KEY: apiKey, WEIR_LOG_LEVEL: 'warn', ...this.env },
    });
    this.child = child;
    child.stderr.on('data', (chunk: Buffer) => { this.said = (this.said + chunk.toString()).slice(-4_000); });
    for await (const line of createInterface(child.stdout)) {
      if (!line.startsWith('{"ready"')) { this.said += line; continue; }
      this.url = (JSON.parse(line) as { url: string }).url;
      return;
    }
    throw new Error(`weir up did not start: ${this.said}`);
  }

  async ended(): Promise<number | null> {
    const { child } = this;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.child?.kill(signal);
    return this.ended();
  }

  async ask(method: string, path: string, body?: string, type = 'application/json'): Promise<string> {
    const response = await fetch(`${this.url}${path}`, { method, headers: { authorization: `Bearer ${apiKey}`, ...(body === undefined ? {} : { 'content-type': type }) }, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return text;
  }

  applyDefinitions(): Promise<string> { return this.ask('POST', '/definitions/apply', JSON.stringify({ files: [{ path: 'test.yaml', text: definitionsText }], prune: true })); }

  async send(rows: readonly string[]): Promise<void> {
    for (let at = 0; at < rows.length; at += rowsPerRequest) await this.ask('POST', '/transactions/batch', rows.slice(at, at + rowsPerRequest).join('\n'), 'application/x-ndjson');
  }

  /** What the check of served values says once it has compared some. */
  verified(): Promise<Record<string, unknown>> {
    return soon(async () => JSON.parse(await this.ask('GET', '/verification')) as Record<string, unknown>, (figures) => Number(figures['keys']) > 0 || figures['last_error'] !== null);
  }

  /** Everything decided, in the lane's order, without the places in the lane. */
  async decisions(): Promise<readonly string[]> {
    return (await this.ask('GET', '/decisions/export')).trim().split('\n').map((line) => line.replace(/,"id":"d-\d+-\d+"/, ''));
  }
}

async function idsInHistory(data: string): Promise<readonly string[]> {
  const history = new ParquetOfflineStore({ path: join(data, 'history'), readOnly: true, unpacking: { unpack: unpackDecision, vectorOf } }), ids: string[] = [];
  for await (const { transactionId } of history.decisions({})) ids.push(transactionId);
  await history.close();
  return ids;
}

describe('weir up on real servers', () => {
  describeOn(kafkaServer(), (broker) => describeOn(postgresServer(), (postgres) => describeOn(ownServers('redis'), () => {
    const ending: Array<() => unknown> = [];
    let node = '';
    beforeAll(() => { node = execFileSync(process.execPath, [join(root, 'tools/prepare.cjs'), 'run'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim(); });
    afterEach(async () => { for (const end of ending.splice(0).reverse()) await end(); });

    it('decides as the embedded suite does, byte for byte, also when it is killed and when Redis loses everything', async () => {
      const rows = eventsOf(new SeededRandom('real servers')), third = rowsPerRequest * 2;
      const folder = new TestFolder(), redis = await OwnServer.redis({ servers: [['--port', '{port:0}', '--save', '']] }), database = await freshDatabase(postgres), prefix = freshName('up').replaceAll('_', '-');
      ending.push(() => folder.remove(), () => redis.remove(), database.drop);
      const key = join(folder.path, 'token.key'), token = 'ab'.repeat(32);
      writeFileSync(key, token);
      const env = { WEIR_TOKEN_KEY: token, WEIR_PREFIX: prefix };
      for (const name of ['embedded', 'real']) mkdirSync(join(folder.path, name));
      const embedded = new WeirUp(node, ['--data', join(folder.path, 'embedded')], { ...env, WEIR_WORK_DIR: join(folder.path, 'embedded') });
      const real = new WeirUp(node, ['--data', join(folder.path, 'real'), '--kafka', broker, '--redis', `redis://${redis.address}`, '--postgres', database.url], { ...env, WEIR_WORK_DIR: join(folder.path, 'real'), WEIR_VERIFY_SHARE: '1', WEIR_VERIFY_REST_MS: '100' });
      ending.push(() => embedded.end('SIGKILL'), () => real.end('SIGKILL'));

      await Promise.all([embedded.start(), real.start()]);
      await Promise.all([embedded.applyDefinitions(), real.applyDefinitions()]);
      const sent = embedded.send(rows);
      await real.send(rows.slice(0, third));
      await real.end('SIGKILL');
      await real.start();
      await real.send(rows.slice(third, 2 * third));
      expect(await real.end('SIGTERM')).toBe(0);
      await redis.kill();
      await redis.start();
      await real.start();
      await real.send(rows.slice(2 * third));
      await sent;
      const expected = await embedded.decisions(), decided = await real.decisions();
      expect(expected.length).toBeGreaterThan(eventsCount * 0.9);
      const differing = expected.findIndex((line, index) => line !== decided[index]);
      expect([differing, expected[differing], decided[differing], decided.length]).toEqual([-1, undefined, undefined, expected.length]);
      // History is written from the broker's records as from the embedded log, and states are computed again from them in a thread.
      for (const up of [embedded, real]) await up.ask('POST', '/history/flush');
      expect(await idsInHistory(join(folder.path, 'real'))).toEqual(await idsInHistory(join(folder.path, 'embedded')));
      expect(await real.verified()).toMatchObject({ different: 0, last_error: null });
      expect([await embedded.end('SIGTERM'), await real.end('SIGTERM')]).toEqual([0, 0]);
    });

    it('ends when Redis loses its state under it, and says so; the next start rebuilds it', async () => {
      const rows = eventsOf(new SeededRandom('lost state')).slice(0, 300);
      const folder = new TestFolder(), redis = await OwnServer.redis({ servers: [['--port', '{port:0}', '--save', '']] });
      ending.push(() => folder.remove(), () => redis.remove());
      const up = new WeirUp(node, ['--data', join(folder.path, 'data'), '--redis', `redis://${redis.address}`], { WEIR_WORK_DIR: folder.path });
      ending.push(() => up.end('SIGKILL'));
      await up.start();
      await up.applyDefinitions();
      await up.send(rows.slice(0, 150));
      // A stop publishes what is not in the store yet, and so notices.
      expect(await up.end('SIGTERM')).toBe(0);
      await up.start();
      await up.send(rows.slice(150, 200));
      await redis.kill();
      await redis.start();
      expect(await up.end('SIGTERM')).toBe(1);
      await up.start();
      await up.send(rows.slice(200));
      expect((await up.decisions()).length).toBeGreaterThan(270);
      expect(await up.end('SIGTERM')).toBe(0);
    });
  })));
});
