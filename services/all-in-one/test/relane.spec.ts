/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, mustHaveLanes, readLaneCount, switchLanes } from '../src/relane/lane-record';
import { relane, type Relaned } from '../src/relane/relane';
import { soon } from './soon';
import { SuiteFixture, definitionsText, TestFolder } from './suite-fixture';

const folder = new TestFolder(), cards = 9, merchants = 4;
const startMs = Date.now() - 3_600_000;
let sent = 0;

const suiteOf = (lanes: number): SuiteFixture => new SuiteFixture(folder.path, { lanes });
const row = (index: number): Record<string, unknown> => ({ transaction_id: `t-${index}`, event_time: startMs + index * 1_000 - (index % 11 === 0 ? 20_000 : 0), card_id: `c-${index % cards}`, merchant_id: `m-${index % merchants}`, amount: index % 7 === 0 ? 95_000 : 100 + index });

async function pay(suite: SuiteFixture, count: number): Promise<void> {
  for (let from = 0; from < count; from += 40) {
    const rows = Array.from({ length: Math.min(40, count - from) }, () => row(++sent));
    expect((await suite.ask('POST', '/transactions/batch', rows)).status).toBe(200);
  }
}

/** Values of all cards and merchants, as they were at one time. */
async function values(suite: SuiteFixture, at: number): Promise<unknown> {
  const read = async (type: string, ids: readonly string[]): Promise<unknown> => ids.length === 0 ? [] : Promise.all(ids.map(async (id) => { const { json } = await suite.ask('GET', `/features/${type}/${id}?at=${at}`); return { id, features: json['features'], statuses: json['statuses'] }; }));
  return { cards: await read('card', Array.from({ length: cards }, (_, index) => `c-${index}`)), merchants: await read('merchant', Array.from({ length: merchants }, (_, index) => `m-${index}`)) };
}

/** Whoever is answered may look it up a moment before it is stored. */
const decision = async (suite: SuiteFixture, index: number): Promise<Record<string, unknown>> => (await soon(() => suite.ask('GET', `/transactions/t-${index}`), ({ status }) => status === 200)).json;

/** Ids of all decisions that a search lists. */
async function listed(suite: SuiteFixture): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ;) {
    const { json } = await suite.ask('GET', `/decisions?limit=50${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    ids.push(...(json['decisions'] as { transaction_id: string }[]).map(({ transaction_id: id }) => id));
    if (json['next'] === null) return ids;
    cursor = String(json['next']);
  }
}

const change = (lanes: number, more: Partial<Parameters<typeof relane>[0]> = {}): Promise<Relaned> => relane({ dataDir: folder.path, historyPath: join(folder.path, 'history'), lanes, chunkRecords: 37, ...more });

afterAll(() => folder.remove());

describe('another number of lanes', () => {
  let one = suiteOf(1), before: unknown, answered: Record<string, unknown>[] = [];
  const atMs = startMs + 400_000;

  it('is refused while the suite runs, and by a suite that is started with another number', async () => {
    await one.start();
    expect((await one.apply(definitionsText)).status).toBe(200);
    await pay(one, 160);
    expect((await one.ask('POST', '/labels', { labels: [{ transaction_id: 't-7', fraud: true, by: 'x', at: startMs + 300_000, source: 'review' }] })).status).toBeLessThan(300);
    expect((await one.ask('PUT', '/lists/blocked_cards/entries/c-5', { reason: 'by hand' })).status).toBeLessThan(300);
    await pay(one, 40);
    before = await values(one, atMs);
    answered = await Promise.all([1, 50, 105, 200].map((index) => decision(one, index)));
    await expect(change(3)).rejects.toMatchObject({ code: 'WEIR_FENCED' });
    await one.stop();
    await expect(suiteOf(3).start()).rejects.toThrow(/has 1 lane.*weir reprocess --lanes 3/s);
  });

  it('goes on where it was interrupted, and gives the same values', async () => {
    let looks = 0;
    await expect(change(3, { progress: (records) => { if (records > 100 && looks++ > 5) throw new Error('the power is gone'); } })).rejects.toThrow('the power is gone');
    expect(readLaneCount(folder.path)?.lanes).toBe(1);
    const done = await change(3);
    expect(done).toMatchObject({ lanes: 3, lanesBefore: 1, comparison: { different: 0, examples: [] } });
    expect(done.comparison.compared).toBeGreaterThan(cards);
    const three = one = suiteOf(3);
    await three.start();
    expect(await values(three, atMs)).toEqual(before);
  });

  it('leaves what was answered as it was: by id, by transaction, to the same again, and listed once', async () => {
    for (const [place, index] of [1, 50, 105, 200].entries()) {
      expect(await decision(one, index)).toEqual(answered[place]);
      expect((await one.ask('GET', `/decisions/${String(answered[place]?.['id'])}`)).json).toEqual(answered[place]);
      const again = await one.ask('POST', '/transactions', row(index));
      expect([again.status, again.headers.get('weir-duplicate'), again.json['id']]).toEqual([200, 'true', answered[place]?.['id']]);
    }
    expect((await soon(() => listed(one), ({ length }) => length >= sent)).sort()).toEqual(Array.from({ length: sent }, (_, index) => `t-${index + 1}`).sort());
  });

  it('goes on deciding, with lists and labels as they were; its own check finds what it serves in its log', async () => {
    await pay(one, 60);
    expect((await soon(() => listed(one), ({ length }) => length >= sent)).length).toBe(sent);
    const blocked = (await one.ask('POST', '/transactions', { ...row(5_005), event_time: startMs + 500_000, card_id: 'c-5' })).json;
    expect([blocked['outcome'], blocked['decided_by']]).toEqual(['block', 'hard_list']);
    expect((await one.ask('GET', '/features/card/c-7?views=card_fraud')).json['features']).toEqual({ fraud_count: 1 });
    expect((await one.ask('POST', '/labels', { labels: [{ transaction_id: 't-16', fraud: true, by: 'x', at: startMs + 300_001, source: 'review' }] })).status).toBeLessThan(300);
    await soon(async () => ((await one.ask('GET', '/features/card/c-7?views=card_fraud')).json['features'] as { fraud_count: number }).fraud_count, (count) => count === 2);
    expect(await one.suite.verification.pass(1)).toMatchObject({ different: 0 });
    before = await values(one, atMs);
    await one.stop();
  });

  it('can be changed again, to fewer', async () => {
    expect(await change(2)).toMatchObject({ lanes: 2, lanesBefore: 3, comparison: { different: 0 } });
    const two = suiteOf(2);
    await two.start();
    expect(await values(two, atMs)).toEqual(before);
    expect(await decision(two, 50)).toEqual(answered[1]);
    expect((await soon(() => listed(two), ({ length }) => length > sent)).length).toBe(sent + 1);
    await two.stop();
    expect(readdirSync(folder.path).filter((name) => name.startsWith('lanes'))).toEqual(['lanes-before-2', 'lanes-before-3', 'lanes.json']);
  });
});

describe('the change-over', () => {
  it('is finished by whoever opens the folder next, wherever it was interrupted', () => {
    for (let dies = 0; dies < 12; dies += 1) {
      const own = new TestFolder(), at = (...parts: string[]): string => join(own.path, ...parts), write = (path: string, text: string): void => { mkdirSync(path, { recursive: true }); writeFileSync(join(path, 'x'), text); };
      mustHaveLanes(own.path, 1);
      for (const part of ['log', 'state', 'decisions', 'outcomes', 'history', 'builds', 'monitor']) write(at(part), 'old');
      for (const part of ['log', 'state', 'decisions', 'builds']) write(join(buildFolder(own.path), part), 'new');
      let renames = 0;
      const to = { lanes: 4, generation: 2, changes: [{ before: 'lanes-before-2', lanesBefore: 1, firstOffset: 7, copiedUntil: [8, 8, 8, 8] }] };
      const switching = (): void => switchLanes(own.path, to, (from, into) => { if (renames++ === dies) throw new Error('gone'); renameSync(from, into); });
      if (dies < 11) expect(switching).toThrow('gone'); else switching();
      expect(mustHaveLanes(own.path, 4)).toEqual(to);
      for (const part of ['log', 'state', 'decisions', 'builds']) expect([readFileSync(at(part, 'x'), 'utf8'), readFileSync(at('lanes-before-2', part, 'x'), 'utf8')]).toEqual(['new', 'old']);
      for (const part of ['outcomes', 'history', 'monitor']) expect([existsSync(at(part)), readFileSync(at('lanes-before-2', part, 'x'), 'utf8')]).toEqual([false, 'old']);
      own.remove();
    }
  });
});
