/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { BacktestChild } from '../src/backtest/backtest-child';
import { BacktestService } from '../src/backtest/backtest-service';
import { relane } from '../src/relane/relane';
import { suitePlaceOf } from '../src/backtest/suite-reader';
import type { SuiteBacktest } from '../src/backtest/suite-backtest';
import { definitionsText, runs, SuiteFixture, TestFolder } from './suite-fixture';

/** A back-test of a running suite is a process of its own, which reads what the suite keeps while the suite goes on. */

const folder = new TestFolder(), lanes = 2;
const suite = new SuiteFixture(folder.path, { lanes });
const startMs = Date.now() - 3_600_000, count = 300;
const rule = (when: string): object => ({ kind: 'Rule', name: 'large_amount', when, weight: 0.35 });

beforeAll(() => { execFileSync(process.execPath, [join(__dirname, '../../../tools/prepare.cjs'), 'run'], { stdio: ['ignore', 'ignore', 'inherit'] }); });
/** Where a policy asks how far the lane is behind, stored decisions alone do not do. */
const definitions = definitionsText.replace(/, max_lag: \d+/, '');
runs(suite, folder, definitions);
async function pay(to: SuiteFixture): Promise<void> {
  const rows = Array.from({ length: count }, (_, at) => JSON.stringify({ transaction_id: `t-${at}`, event_time: startMs + at * 700, card_id: `c-${(at * 7) % 23}`, merchant_id: `m-${at % 5}`, amount: 500 + (at * 7_919) % 99_000 }));
  await to.ask('POST', '/transactions/batch', rows.join('\n'), { 'content-type': 'application/x-ndjson' });
}
beforeAll(() => pay(suite));

async function backtest(body: object, of = suite): Promise<Record<string, unknown>> {
  const started = await of.ask('POST', '/backtests', body);
  if (started.status !== 202) throw new Error(JSON.stringify(started.json));
  for (;;) {
    const { json } = await of.ask('GET', String(started.headers.get('location')));
    if (json['status'] !== 'running') return json;
    await new Promise((resume) => { setTimeout(resume, 20); });
  }
}

const quiet = { env: process.env, niceness: 0, tellProgress: () => undefined };
const jobOver = (dataDir: string): SuiteBacktest => {
  const { id, canonicalJson } = suite.suite.definitions.set, set = { setId: id, json: canonicalJson };
  return {
    place: suitePlaceOf(dataDir, { lanes, kafka: undefined, history: join(dataDir, 'history') }), modelsFolder: join(dataDir, 'models'), inForce: set, changed: set, memoryMbMax: 512,
    request: { fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: undefined, examples: 1, verify: false },
  };
};
const isGone = (pid: number | undefined): boolean => {
  try { process.kill(pid ?? 0, 0); return false; } catch { return true; }
};

it('gives the report, whatever it had to run for it', async () => {
  const ofRule = await backtest({ documents: [rule('tx.amount > 20000')] });
  expect((await suite.ask('DELETE', `/backtests/${String(ofRule['id'])}`)).status).toBe(409);
  expect(ofRule).toMatchObject({ status: 'done', error: null, report: { decisions: count, ways: ['recorded'], parity: { same: count, different: 0 } } });
  expect(await backtest({})).toMatchObject({ status: 'done', report: { decisions: count, sets: { unchanged: true }, parity: { same: count, different: 0, not_stored: 0, counts_equal: true } } });
});

it('says what is wrong with what it was asked', async () => {
  expect(await backtest({ documents: [rule('tx.amount > 20000')], segment: 'tx.nothing + 1' })).toMatchObject({ status: 'failed', error: expect.stringContaining('nothing') as string });
  expect((await suite.ask('POST', '/backtests', { documents: [rule('tx.nothing > 20000')] })).status).toBe(422);
});

it('is cancelled with its process, and no more than once', async () => {
  const { definitions } = suite.suite, { place, modelsFolder, request } = jobOver(folder.path);
  const backtests = new BacktestService({ place, modelsFolder, clock: { nowMs: () => startMs }, env: { ...process.env, WEIR_BACKTEST_NICENESS: '0' }, inForce: () => definitions.set, resolve: (change) => definitions.resolved(change) });
  const { id } = await backtests.start({ ...request, change: undefined });
  expect(await backtests.cancel(id)).toMatchObject({ id, status: 'cancelled', endedAtMs: startMs, report: null, error: null });
  expect(await backtests.byId(id)).toMatchObject({ status: 'cancelled' });
  await expect(backtests.cancel(id)).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
  await expect(backtests.cancel('b-nothing')).rejects.toMatchObject({ code: 'WEIR_NOT_FOUND' });
});

it('says how it ended when it is killed, and leaves the suite as it was', async () => {
  const killed = new BacktestChild(jobOver(folder.path), quiet);
  process.kill(killed.pid ?? 0, 'SIGKILL');
  await expect(killed.report).rejects.toThrow(/SIGKILL/);
  expect((await suite.ask('POST', '/transactions', { transaction_id: 'after', event_time: startMs, card_id: 'c-1', amount: 1 })).status).toBe(200);
});

it('ends with whoever started it', async () => {
  const ended = new BacktestChild(jobOver(folder.path), quiet), { pid } = ended, refused = expect(ended.report).rejects.toThrow('the suite stops');
  await ended.end(new Error('the suite stops'));
  await refused;
  expect(isGone(pid)).toBe(true);
});

it('does not begin on data that is not there', async () => {
  const elsewhere = new TestFolder();
  const lost = new BacktestChild(jobOver(elsewhere.path), quiet);
  await expect(lost.report).rejects.toMatchObject({ code: 'WEIR_USAGE' });
  elsewhere.remove();
});

it('runs over lanes whose number was changed, too: they begin behind those that were before', async () => {
  const own = new TestFolder(), one = new SuiteFixture(own.path), two = new SuiteFixture(own.path, { lanes });
  await one.start();
  expect((await one.apply(definitions)).status).toBe(200);
  await pay(one);
  await one.stop();
  await relane({ dataDir: own.path, historyPath: join(own.path, 'history'), lanes });
  await two.start();
  try {
    expect(await backtest({ verify: true }, two)).toMatchObject({ status: 'done', error: null, report: { compared: count, same: count, different: 0, not_stored: 0 } });
    expect(await backtest({ documents: [rule('tx.amount > 20000')] }, two)).toMatchObject({ status: 'done', error: null, report: { decisions: count, parity: { same: count, different: 0 } } });
  } finally {
    await two.stop();
    own.remove();
  }
});
