import { openSqlite } from '@weir/adapters/sqlite';
import { SqlCases, SqlRegistry } from '@weir/adapters/sql';
import type { CaseRow, DecisionStore, LabelRow } from '@weir/ports';
import type { Lists } from '@weir/gateway';
import { definitionSet } from '../../../test/suite-fixture';
import { ReviewQueue } from './review-queue';

const atMs = 1_000_000;
const row: CaseRow = {
  id: 'c-0-1', decisionId: 'd-0-1', transactionId: 't-1', outcome: 'review', score: 0.5, createdAtMs: 1, status: 'open', claimedBy: null, resolution: null, resolvedBy: null, resolvedAtMs: null,
  amount: 100, priority: 50, claimedUntilMs: null, dueAtMs: atMs,
};
const alerts = [{ id: 'a-0-1-score-default', decisionId: 'd-0-1' }, { id: 'a-0-1-rule-x', decisionId: 'd-0-1' }, { id: 'a-0-2-rule-x', decisionId: 'd-0-2' }];

/** Processes over one database that end where they are told to; what they sent to the lanes stays there. */
class World {
  readonly labels: LabelRow[] = [];
  readonly entries = new Map<string, unknown>();
  nowMs = atMs;
  dies: 'before the label' | 'after the label' | 'after the list' | 'never' = 'never';

  async run<T>(work: (queue: ReviewQueue, cases: SqlCases, registry: SqlRegistry) => Promise<T>): Promise<T> {
    const cases = new SqlCases(database), dead: { error: Error | undefined } = { error: undefined };
    const die = (where: World['dies']): void => {
      if (this.dies === where) dead.error = new Error('killed');
      if (dead.error !== undefined) throw dead.error;
    };
    const lists: Pick<Lists, 'put'> = {
      put: (name, value, entry) => { die('after the label'); this.entries.set(`${name} ${value}`, entry); die('after the list'); return Promise.resolve({ value, ...entry, untilMs: entry.untilMs ?? null }); },
    };
    const queue = new ReviewQueue({
      cases, lists: lists as Lists, set: () => definitionSet(), tokenOfField: (_, value) => `tok_${value}`, clock: { nowMs: () => this.nowMs }, onError: () => undefined, settled: () => Promise.resolve(),
      decisions: { byId: () => Promise.resolve({ json: JSON.stringify({ tx: { card_id: 'card' } }) }) } as unknown as DecisionStore, // nothing else is asked of it
      forwardLabels: (labels) => { die('before the label'); this.labels.push(...labels); return Promise.resolve(); },
    });
    try {
      return await work(queue, cases, new SqlRegistry(database));
    } finally {
      queue.stop();
    }
  }
}

const resolving = { by: 'ann', resolution: 'fraud', comment: 'holder denies it', list: { name: 'blocked_cards', value: undefined, ttlMs: undefined } } as const;
let world: World, database: Awaited<ReturnType<typeof openSqlite>>;
beforeEach(async () => {
  database = await openSqlite(':memory:');
  world = new World();
  await world.run((_, cases) => cases.open([row]));
});
afterEach(() => database.destroy());

describe('a resolution', () => {
  it.each(['before the label', 'after the label', 'after the list', 'never'] as const)('is whole where the process ends %s', async (dies) => {
    world.dies = dies;
    await world.run((queue) => queue.resolve('c-0-1', resolving));
    await world.run(async (_, cases) => {
      expect((await cases.labels(['t-1'])).get('t-1')).toMatchObject({ fraud: true, by: 'ann', atMs });
      expect([...(await cases.alertStandings(alerts))].map(([id, { closed }]) => [id, closed?.by])).toEqual([['a-0-1-score-default', 'ann'], ['a-0-1-rule-x', 'ann'], ['a-0-2-rule-x', undefined]]);
      expect(await cases.unsettled(10)).toHaveLength(dies === 'never' ? 0 : 1);
    });
    world.dies = 'never';
    world.nowMs += 86_400_000;
    await world.run((queue) => queue.resume());
    expect(new Set(world.labels.map((label) => JSON.stringify(label)))).toEqual(new Set([JSON.stringify({ transactionId: 't-1', fraud: true, by: 'ann', atMs, source: 'review' })]));
    expect([...world.entries]).toEqual([['blocked_cards tok_card', { fromMs: null, untilMs: atMs + 3_600_000, reason: 'case c-0-1', by: 'ann' }]]);
    await world.run(async (queue, cases) => { await queue.resume(); expect(await cases.unsettled(10)).toEqual([]); });
  });

  it('that is refused writes nothing of itself', async () => {
    await world.run(async (queue, cases) => {
      await cases.claim('c-0-1', 'bob', { nowMs: atMs, untilMs: atMs + 1 });
      await expect(queue.resolve('c-0-1', resolving)).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      await expect(queue.resolve('c-0-9', resolving)).rejects.toMatchObject({ code: 'WEIR_NOT_FOUND' });
      await expect(queue.resolve('c-0-1', { ...resolving, by: 'bob', list: { ...resolving.list, name: 'nothing' } })).rejects.toMatchObject({ code: 'WEIR_INPUT_INVALID' });
      expect([(await cases.labels(['t-1'])).size, await cases.comments('c-0-1'), [...(await cases.alertStandings(alerts)).values()].filter(({ closed }) => closed !== null), world.labels]).toEqual([0, [], [], []]);
    });
  });

  it('leaves nothing behind where the database fails within it', async () => {
    await world.run(async (_, cases, registry) => {
      const audit = { atMs, by: 'ann', action: 'case.resolve', subject: 'c-0-1', detail: null };
      const broken = { transactionId: 't-1', fraud: true, by: undefined as unknown as string, atMs, source: null }; // the table takes no label by nobody
      await expect(cases.resolve('c-0-1', 'ann', 'fraud', atMs, { label: broken, comment: 'x', audit, pending: '{}' })).rejects.toMatchObject({ code: 'WEIR_REGISTRY_FAILED' });
      expect([(await cases.byId('c-0-1'))?.status, await cases.comments('c-0-1'), await cases.unsettled(10), (await registry.audit({ limit: 10, cursor: undefined })).items, [...(await cases.alertStandings(alerts)).values()].filter(({ closed }) => closed !== null)]).toEqual(['open', [], [], [], []]);
    });
  });
});

describe('a case', () => {
  it('is overdue from its time on, until it is resolved', async () => {
    const standing = (nowMs: number): Promise<unknown> => { world.nowMs = nowMs; return world.run(async (queue) => [(await queue.byId('c-0-1'))?.overdue, (await queue.list({ status: undefined, claimedBy: undefined, overdue: true, order: 'due' }, { limit: 10, cursor: undefined })).items.length]); };
    expect([await standing(atMs - 1), await standing(atMs)]).toEqual([[false, 0], [true, 1]]);
    await world.run((queue) => queue.resolve('c-0-1', { ...resolving, list: undefined }));
    expect(await standing(atMs + 1)).toEqual([false, 0]);
  });
});
