/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import { SystemClock, type LogRecord } from '@weir/ports';
import { HistoricLog } from '../src/history/historic-log';
import { cutSteps } from './log-cut-process';
import { definitionsText, SuiteFixture, TestFolder } from './suite-fixture';

const root = join(__dirname, '../../..'), folder = new TestFolder(), whole = join(folder.path, 'whole');
const startMs = Date.now() - 7_200_000;
let node = '', records: readonly string[] = [], served: unknown;

const featuresOf = async (suite: SuiteFixture): Promise<unknown> => Promise.all(['c-1', 'c-2'].map(async (id) => (await suite.ask('GET', `/features/card/${id}?views=card_velocity&at=${startMs + 300_000}`)).json['features']));
const text = ({ offset, appendedAtMs, headers, value }: LogRecord): string => `${offset} ${appendedAtMs} ${JSON.stringify(headers)} ${Buffer.from(value).toString('hex')}`;

/** All records from the first one on, and where the log itself begins. */
async function held(path: string): Promise<{ readonly records: readonly string[]; readonly first: number }> {
  const lmdb = new LmdbEventLog({ path: join(path, 'log'), lanes: 1, clock: new SystemClock() }), log = await HistoricLog.open(lmdb, join(path, 'history')), found: string[] = [];
  for (let part = await log.read('transactions.raw', 0, 0, 90); part.length > 0; part = await log.read('transactions.raw', 0, found.length, 90)) found.push(...part.map(text));
  const { first } = await lmdb.bounds('transactions.raw', 0);
  await log.close();
  return { records: found, first };
}

/** Cuts in a process of its own. */
const cut = (path: string, dies: string): { readonly signal: string | null; readonly status: number | null; readonly said: string } => {
  const { signal, status, stderr } = spawnSync(node, [join(root, 'dist/services/all-in-one/test/log-cut-process.js'), path, dies], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  return { signal, status, said: stderr };
};

beforeAll(async () => {
  node = execFileSync(process.execPath, [join(root, 'tools/prepare.cjs'), 'run'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const suite = new SuiteFixture(whole);
  await suite.start();
  expect((await suite.apply(definitionsText)).status).toBe(200);
  for (let from = 0; from < 240; from += 40) {
    const rows = Array.from({ length: 40 }, (_, index) => ({ transaction_id: `t-${from + index}`, event_time: startMs + (from + index) * 1_000, card_id: `c-${index % 7}`, merchant_id: `m-${index % 3}`, amount: 100 + index }));
    expect((await suite.ask('POST', '/transactions/batch', rows)).status).toBe(200);
  }
  await suite.suite.flushHistory();
  served = await featuresOf(suite);
  await suite.stop();
  ({ records } = await held(whole));
});
afterAll(() => folder.remove());

describe('a process that is killed while it cuts the log behind history', () => {
  it.each(cutSteps.slice(0, -1))('at the step "%s" loses no record', async (step) => {
    const path = join(folder.path, step.replaceAll(' ', '-'));
    cpSync(whole, path, { recursive: true });
    expect(cut(path, step)).toMatchObject({ signal: 'SIGKILL' });
    const after = await held(path);
    expect(after.records).toEqual(records);
    expect(after.first > 0).toBe(step === 'after the cut');
    // The next cut is made.
    if (step !== 'within the transaction' && step !== 'before the cut') return;
    expect(cut(path, 'none')).toEqual({ signal: null, status: 0, said: '' });
    const again = await held(path);
    expect(again.records).toEqual(records);
    expect(again.first).toBeGreaterThan(100);
  });

  it('starts over what is left, serves the same, and goes on', async () => {
    for (const step of ['within-the-transaction', 'after-the-cut']) {
      const suite = new SuiteFixture(join(folder.path, step));
      await suite.start();
      try {
        expect(await featuresOf(suite)).toEqual(served);
        expect((await suite.ask('POST', '/transactions', { transaction_id: `new-${step}`, event_time: startMs + 280_000, card_id: 'c-new', merchant_id: 'm-1', amount: 5 })).json['outcome']).toBe('approve');
      } finally { await suite.stop(); }
    }
  });
});
