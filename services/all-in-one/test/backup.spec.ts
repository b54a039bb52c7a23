/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbEventLog, LmdbOnlineStore } from '@weir/adapters/lmdb';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { decodeRawRecord, runOffline } from '@weir/pipeline';
import { SystemClock } from '@weir/ports';
import { restoreBackup } from '../src/backup/restore-backup';
import { takeBackup } from '../src/backup/take-backup';
import { buildStages } from '../src/chain';
import { soon } from './soon';
import { definitionsText, SuiteFixture, TestFolder } from './suite-fixture';

const startMs = Date.now() - 7_200_000;
const rowsOf = (from: number, count: number): unknown[] => Array.from({ length: count }, (_, index) => {
  const number = from + index;
  return { transaction_id: `t-${number}`, event_time: startMs + number * 1_000, card_id: `c-${number % 11}`, merchant_id: `m-${number % 3}`, amount: number % 7 === 0 ? 95_000 : 500 + number };
});

type Entries = Record<string, string>;

async function storedState(folder: string): Promise<{ readonly position: number; readonly entries: Entries }> {
  const store = new LmdbOnlineStore({ path: join(folder, 'state') }), entries: Entries = {};
  for await (const [key, value] of store.scan(0, '')) entries[key] = Buffer.from(value).toString('hex');
  const position = await store.position(0);
  await store.close();
  return { position, entries };
}

/** The state as the log alone gives it, from its first record to the position. */
async function rebuiltState(folder: string, position: number): Promise<Entries> {
  const log = new LmdbEventLog({ path: join(folder, 'log'), lanes: 1, clock: new SystemClock() }), records = [];
  while (records.length <= position) records.push(...(await log.read('transactions.raw', 0, records.length, position + 1 - records.length)).map((record) => decodeRawRecord(0, record)));
  await log.close();
  const stages = buildStages({ lane: 0, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model here')) });
  for await (const _batch of runOffline(stages, records)) { /* only the state is asked for */ }
  const entries: Entries = {};
  for (const stage of [stages.ingest, ...stages.stages]) for (const [key, value] of stage.takeChanges()) if (value !== undefined) entries[key] = Buffer.from(value).toString('hex');
  return entries;
}

describe('A back-up of a running suite', () => {
  const folder = new TestFolder(), data = join(folder.path, 'data'), target = join(folder.path, 'backup'), restored = join(folder.path, 'restored');
  const suite = new SuiteFixture(data), again = new SuiteFixture(restored);
  let before: string[] = [], everything: string[] = [], sent = 600;

  const exported = async (of: SuiteFixture): Promise<string[]> => String((await of.ask('GET', '/decisions/export')).json['text']).trim().split('\n');
  const exportedAll = (of: SuiteFixture): Promise<string[]> => soon(() => exported(of), ({ length }) => length >= sent);

  beforeAll(async () => {
    await suite.start();
    expect((await suite.apply(definitionsText)).status).toBe(200);
    for (let from = 0; from < 600; from += 200) expect((await suite.ask('POST', '/transactions/batch', rowsOf(from, 200))).status).toBe(200);
    await suite.ask('PUT', '/lists/blocked_cards/entries/c-by-hand', { reason: 'by hand' });
    await suite.suite.flushHistory();
    before = await exportedAll(suite);
    // Transactions, and another set of definitions, come while it is copied.
    let done = false;
    const sending = (async () => { for (; !done || sent < 900; sent += 50) { await suite.ask('POST', '/transactions/batch', rowsOf(sent, 50)); if (sent === 700) await suite.apply(`${definitionsText}---\n{ kind: Rule, name: later, when: tx.amount > 94000, weight: 0.1 }\n`); } })();
    await takeBackup({ data, target, env: {} });
    done = true;
    await sending;
    everything = await exportedAll(suite);
    await suite.stop();
    await restoreBackup(target, restored);
  });
  afterAll(() => folder.remove());

  it('holds a state that is, byte for byte, what its log gives', async () => {
    const { position, entries } = await storedState(restored);
    expect(entries).toEqual(await rebuiltState(restored, position));
  });

  it('becomes a suite with the same decisions of all that was there when it began, which goes on', async () => {
    await again.start();
    try {
      const there = await exported(again);
      expect(there.length).toBeGreaterThanOrEqual(before.length);
      expect(there).toEqual(everything.slice(0, there.length));
      const first = there.length;
      for (let from = first; from < everything.length; from += 50) await again.ask('POST', '/transactions/batch', rowsOf(from, Math.min(50, everything.length - from)));
      expect((await exportedAll(again)).length).toBe(everything.length);
      expect((await again.ask('GET', '/lists/blocked_cards/entries')).json['entries']).toContainEqual(expect.objectContaining({ reason: 'by hand' }));
      expect((await again.ask('GET', '/history')).status).toBe(200);
    } finally { await again.stop(); }
  });

  it('is refused where a file is not as it was written', async () => {
    const file = join(target, 'token.key');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^./, (digit) => (digit === '0' ? '1' : '0')));
    await expect(restoreBackup(target, join(folder.path, 'other'))).rejects.toMatchObject({ findings: [{ where: 'token.key' }] });
  });
});
