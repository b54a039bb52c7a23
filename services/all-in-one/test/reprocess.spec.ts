/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { join } from 'node:path';
import { LmdbDecisionStore, LmdbEventLog } from '@weir/adapters/lmdb';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { SystemClock } from '@weir/ports';
import { LabelBook } from '../src/backtest/label-book';
import { LocalSide } from '../src/backtest/local-side';
import { runVerify } from '../src/backtest/run-verify';
import { readPacks, StoredReader } from '../src/backtest/stored-rows';
import { buildFollowedStages } from '../src/replay/followed-stages';
import { laneReader } from '../src/replay/lane-reader';
import { unpackDecision } from '../src/suite/decision-rows';
import { soon } from './soon';
import { SuiteFixture, definitionsText, TestFolder } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
const startMs = Date.now() - 3_600_000;
let sent = 0;
const sentByCard = new Map<string, number>();

/** Payments of a few cards, ten seconds apart. */
async function pay(count: number): Promise<void> {
  const rows = Array.from({ length: count }, () => {
    sent += 1;
    const card = `c-${sent % 7}`;
    sentByCard.set(card, (sentByCard.get(card) ?? 0) + 1);
    return { transaction_id: `t-${sent}`, event_time: startMs + sent * 1_000, card_id: card, merchant_id: `m-${sent % 3}`, amount: sent };
  });
  expect((await suite.ask('POST', '/transactions/batch', rows)).status).toBe(200);
}

const extraView = (where = ''): string => `${definitionsText}---
kind: FeatureView
name: extra
entity: card
source: transactions
${where}features:
  - { name: extra_n, agg: count, windows: [30d] }
  - { name: extra_sum, agg: sum, of: amount }
`;

const ended = async (id: unknown): Promise<Record<string, unknown>> =>
  (await soon(() => suite.ask('GET', `/reprocess/${String(id)}`), ({ json }) => json['status'] !== 'building' && json['status'] !== 'switching')).json;
const extras = async (card: string): Promise<unknown> => {
  const { features, statuses } = (await suite.ask('GET', `/features/card/${card}?views=extra`)).json as { features: Record<string, unknown>; statuses: Record<string, unknown> };
  return [features['extra_n_30d'], statuses['extra_n_30d']];
};

beforeAll(async () => {
  await suite.start();
  expect((await suite.apply(definitionsText)).status).toBe(200);
  await pay(300);
});
afterAll(async () => {
  await suite.stop();
  folder.remove();
});

describe('a view applied with back-fill', () => {
  it('is filled from the log while events come in, without a gap or a double count, and warms no more', async () => {
    const applied = await suite.ask('POST', '/definitions/apply', { files: [{ path: 'x.yaml', text: extraView() }], prune: true, backfill: true });
    expect(applied.status).toBe(200);
    for (let round = 0; round < 5; round += 1) await pay(40);
    expect((await ended(applied.json['reprocess']))['status']).toBe('done');
    await pay(21);
    for (const [card, count] of sentByCard) expect([card, await extras(card)]).toEqual([card, [count, 'PRESENT']]);
  });

  it('is WARMING, and counts what it has seen, as long as nobody fills it', async () => {
    expect((await suite.apply(extraView('where: tx.amount > 0\n'))).status).toBe(200);
    const before = await extras('c-1');
    await pay(7);
    expect([before, await extras('c-1')]).toEqual([[null, 'NOT_FOUND'], [1, 'WARMING']]);
  });
});

describe('a reprocess', () => {
  it('shows what is different before it switches, switches when told, and can be taken back', async () => {
    const started = await suite.ask('POST', '/reprocess', { views: ['extra'], hold: true });
    expect(started.status).toBe(202);
    const ready = await ended(started.json['id']);
    expect(ready).toMatchObject({ status: 'ready', comparison: { compared: 7, different: 7, same: 0 } });
    expect(await extras('c-1')).toEqual([1, 'WARMING']);
    await pay(7);
    expect((await suite.ask('POST', `/reprocess/${String(started.json['id'])}/switch`)).json).toMatchObject({ status: 'done' });
    expect(await extras('c-1')).toEqual([sentByCard.get('c-1'), 'PRESENT']);
    await pay(7);
    const back = await suite.ask('POST', `/reprocess/${String(started.json['id'])}/rollback`);
    expect((await ended(back.json['id']))['status']).toBe('done');
    expect(await extras('c-1')).toEqual([3, 'WARMING']);
  });

  it('can begin at a time, and says so: WARMING for windows that reach further back', async () => {
    const from = startMs + (sent - 70) * 1_000 + 1;
    const { json } = await suite.ask('POST', '/reprocess', { views: ['extra', 'card_velocity'], from });
    expect((await ended(json['id']))['status']).toBe('done');
    expect(await extras('c-1')).toEqual([10, 'WARMING']);
  });

  it('goes on after a stop of the suite, with what was built', async () => {
    const { json } = await suite.ask('POST', '/reprocess', { views: ['extra'], hold: true });
    await ended(json['id']);
    await suite.stop();
    await suite.start();
    expect((await suite.ask('POST', `/reprocess/${String(json['id'])}/switch`)).json).toMatchObject({ status: 'done' });
    expect(await extras('c-1')).toEqual([sentByCard.get('c-1'), 'PRESENT']);
    await suite.stop();
    await suite.start();
    await pay(7);
    expect(await extras('c-1')).toEqual([sentByCard.get('c-1'), 'PRESENT']);
  });

  it.each([
    ['an unknown view', { views: ['nothing'] }, 404], ['no view', { views: [] }, 422], ['a gap', { views: ['extra'], from: 0, to: 5 }, 422], ['nonsense', { views: 'extra' }, 422],
  ] as const)('refuses %s', async (_what, body, status) => {
    if (status === 422 && 'to' in body) await suite.apply(extraView('where: tx.amount > 1\n'));
    expect((await suite.ask('POST', '/reprocess', body)).status).toBe(status);
  });

  it.each([['pause', 'r-none', 404], ['resume', 'r-none', 404]] as const)('cannot %s what is not there', async (what, id, status) => {
    expect((await suite.ask('POST', `/reprocess/${id}/${what}`)).status).toBe(status);
  });
});

describe('the log with back-fills in it', () => {
  it('gives every decision again to the same bytes', async () => {
    await suite.stop();
    const log = new LmdbEventLog({ path: join(folder.path, 'log'), lanes: 1, clock: new SystemClock() });
    const decisions = new LmdbDecisionStore({ path: join(folder.path, 'decisions'), lanes: 1, unpack: unpackDecision });
    const read = laneReader(log), rows = new StoredReader(readPacks(decisions, 0), 500), records = await read(0, 0, 10_000);
    const stored = (offsets: readonly number[]) => rows.at(offsets);
    const report = await runVerify({
      lanes: [() => new LocalSide({
        fromMs: -Infinity, toMs: Infinity, amountField: 'amount', segment: undefined, records, labels: new LabelBook(), stored: { throughOffset: Infinity, read: stored },
        stages: buildFollowedStages({ lane: 0, lanes: 1, read, stored, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model here')) }),
      })],
    });
    await decisions.close();
    await log.close();
    expect(records.filter(({ body }) => body.kind === 'definitions' && body.backfill !== undefined).length).toBe(5);
    expect(report.mismatches.slice(0, 3)).toEqual([]);
    expect(report).toMatchObject({ compared: sent, same: sent });
  });
});
