/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { join } from 'node:path';
import { LmdbDecisionStore, LmdbEventLog, LmdbLogReader } from '@weir/adapters/lmdb';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import type { RawRecord } from '@weir/contracts';
import { SystemClock } from '@weir/ports';
import { LabelBook } from '../src/backtest/label-book';
import { LocalSide } from '../src/backtest/local-side';
import { runVerify, type VerifyReport } from '../src/backtest/run-verify';
import { readPacks, StoredReader } from '../src/backtest/stored-rows';
import { HistoricLog } from '../src/history/historic-log';
import { readHistoryOptions } from '../src/history/history-config';
import { buildFollowedStages } from '../src/replay/followed-stages';
import { laneReader } from '../src/replay/lane-reader';
import { unpackDecision } from '../src/suite/decision-rows';
import { soon } from './soon';
import { SuiteFixture, definitionsText, TestFolder } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path, { env: { WEIR_LOG_KEEP: '0s', WEIR_HISTORY_FLUSH_MS: '100' } });
const startMs = Date.now() - 7_200_000;
let sent = 0;

async function pay(count: number): Promise<void> {
  for (let from = 0; from < count; from += 50) { // a block of the log each
    const rows = Array.from({ length: 50 }, () => ({ transaction_id: `t-${++sent}`, event_time: startMs + sent * 1_000 - (sent % 9 === 0 ? 20_000 : 0), card_id: `c-${sent % 7}`, merchant_id: `m-${sent % 3}`, amount: sent }));
    expect((await suite.ask('POST', '/transactions/batch', rows)).status).toBe(200);
  }
}

/** What the log itself holds. */
async function heldByLog(): Promise<{ readonly first: number; readonly next: number }> {
  const reader = new LmdbLogReader(join(folder.path, 'log'));
  try { return reader.bounds('transactions.raw', 0); } finally { await reader.close(); }
}

async function historyPosition(): Promise<number> {
  const files = new ParquetOfflineStore({ path: join(folder.path, 'history'), readOnly: true });
  try { return await files.position(0); } finally { await files.close(); }
}

/** Every decision again from the first record on, in the log or not. */
async function verified(): Promise<VerifyReport> {
  const log = await HistoricLog.open(new LmdbEventLog({ path: join(folder.path, 'log'), lanes: 1, clock: new SystemClock() }), join(folder.path, 'history'));
  const decisions = new LmdbDecisionStore({ path: join(folder.path, 'decisions'), lanes: 1, unpack: unpackDecision }), rows = new StoredReader(readPacks(decisions, 0), 500);
  const read = laneReader(log), stored = (offsets: readonly number[]): ReturnType<typeof rows.at> => rows.at(offsets), records: RawRecord[] = [];
  expect((await log.bounds('transactions.raw', 0)).first).toBe(0);
  for (let part = await read(0, 0, 70); part.length > 0; part = await read(0, records.length, 70)) records.push(...part);
  expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
  try {
    return await runVerify({
      lanes: [() => new LocalSide({
        fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: undefined, records, labels: new LabelBook(), stored: { throughOffset: Infinity, read: stored },
        stages: buildFollowedStages({ lane: 0, lanes: 1, read, stored, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model here')) }),
      })],
    });
  } finally {
    await decisions.close();
    await log.close();
  }
}

const built = async (id: unknown): Promise<Record<string, unknown>> =>
  (await soon(() => suite.ask('GET', `/reprocess/${String(id)}`), ({ json }) => json['status'] !== 'building' && json['status'] !== 'switching')).json;

const counts = async (): Promise<unknown> => (await suite.ask('POST', '/features/batch', { entity_type: 'card', entity_ids: ['c-1', 'c-2'], views: ['card_velocity'] })).json['results'];
const featuresOf = (results: unknown): unknown => (results as { features: unknown }[]).map(({ features }) => features);

afterAll(async () => {
  await suite.stop();
  folder.remove();
});

describe('a log that is cut behind history', () => {
  it('keeps what is not in the files of history, or not behind the stored state', async () => {
    await suite.start();
    expect((await suite.ask('POST', '/definitions/apply', { files: [{ path: 'x.yaml', text: definitionsText }], prune: true })).status).toBe(200);
    await pay(200);
    await suite.suite.retention.once();
    expect((await heldByLog()).first).toBeLessThanOrEqual((await historyPosition()) + 1);
    await suite.suite.flushHistory();
    await suite.suite.retention.once();
    const { first, next } = await heldByLog();
    expect(first).toBeGreaterThan(100);
    expect(next).toBeGreaterThan(first);
  });

  it('goes on as if it were whole: states are the same again, views are filled', async () => {
    expect(await suite.suite.verification.pass(1)).toMatchObject({ different: 0, byReason: { bug: 0 } });
    expect((await suite.suite.verification.now()).same).toBeGreaterThan(5);
    const text = `${definitionsText}---\n{ kind: FeatureView, name: extra, entity: card, source: transactions, features: [{ name: extra_n, agg: count }] }\n`;
    const applied = await suite.ask('POST', '/definitions/apply', { files: [{ path: 'x.yaml', text }], prune: true, backfill: true });
    expect((await built(applied.json['reprocess']))['status']).toBe('done');
    expect((await suite.ask('GET', '/features/card/c-1?views=extra')).json).toMatchObject({ features: { extra_n: 29 }, statuses: { extra_n: 'PRESENT' } });
  });

  it('begins again from stored state and what is left of it, and decides the same again from both', async () => {
    const served = featuresOf(await counts());
    await suite.stop();
    expect(await verified()).toMatchObject({ compared: 200, same: 200 });
    await suite.start();
    expect(featuresOf(await counts())).toEqual(served);
    await pay(50);
    await suite.suite.flushHistory();
    await suite.suite.retention.once();
    await suite.stop();
    expect(await verified()).toMatchObject({ compared: 250, same: 250 });
  });

  it('is not cut where history is not written', () => {
    expect(() => readHistoryOptions({ WEIR_LOG_KEEP: '7d', WEIR_HISTORY: 'false' }, folder.path)).toThrow(/behind history alone/);
    expect(() => readHistoryOptions({ WEIR_LOG_KEEP: 'a week' }, folder.path)).toThrow(/7d/);
    expect(readHistoryOptions({}, folder.path).logKeepMs).toBeUndefined();
  });
});
