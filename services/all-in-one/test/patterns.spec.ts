/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { soon } from './soon';
import { definitionsText, runs, SuiteFixture, TestFolder, type Answer } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
const startMs = Date.now() - 600_000;
let sent = 0;

const ordered = `
---
{ kind: Pattern, name: rising, key: merchant, matching: ordered, pattern: [{ name: low, where: tx.amount < 1000 }, { name: high, followed_by: true, where: tx.amount > 2000 }], within: 1h, mode: shadow }
`;
const pair = (above: number, onChange = 'finish'): string => `
---
{ kind: Pattern, name: pair, key: card, pattern: [{ name: one, where: tx.amount == 7 }, { name: two, followed_by: true, where: tx.amount > ${above} }], within: 30m, on_change: ${onChange} }
`;

const post = (of: Readonly<Record<string, unknown>>): Promise<Answer> => {
  sent += 1;
  return suite.ask('POST', '/transactions', { transaction_id: `t-${sent}`, event_time: startMs + sent * 1_000, merchant_id: `m-${sent}`, amount: 5_000, ...of });
};
const patternsOf = (decision: Answer): unknown => (decision.json['matches'] as { pattern: string; version: number; events: Record<string, string[]> }[]).map(({ pattern, version, events }) => [pattern, version, Object.keys(events)]);
const matches = (query: string): Promise<Record<string, unknown>[]> =>
  soon(async () => (await suite.ask('GET', `/matches?${query}`)).json['matches'] as Record<string, unknown>[], (found) => found.length > 0);

runs(suite, folder, definitionsText + ordered + pair(100));

describe('the topic of matches', () => {
  it('has each match once, its events step by step, also behind a restart', async () => {
    for (const amount of [10, 20, 95_000]) await post({ card_id: 'c-full', amount });
    const found = await matches('pattern=small_then_large&entity=card:c-full');
    expect(found).toMatchObject([{ kind: 'match', version: 1, mode: 'live', entity: 'card', events: { small: ['t-1', 't-2'], large: ['t-3'] }, by_event: true, first: new Date(startMs + 1_000).toISOString(), last: new Date(startMs + 3_000).toISOString() }]);
    await suite.stop();
    await suite.start();
    expect(await matches('pattern=small_then_large&entity=card:c-full')).toEqual(found);
  });

  it('is the channel of events that come too late for an ordered pattern, which give no match', async () => {
    await post({ card_id: 'c-1', merchant_id: 'm-x', amount: 500 });
    await post({ card_id: 'c-1', merchant_id: 'm-y', amount: 5_000, event_time: startMs + 100_000 });
    const late = await post({ card_id: 'c-1', merchant_id: 'm-x', amount: 3_000 });
    expect(await matches('kind=late')).toMatchObject([{ pattern: 'rising', mode: 'shadow', entity: 'merchant', key: 'm-x', events: { late: [late.json['transaction_id']] }, late_by_ms: 95_000 - sent * 1_000 }]);
    expect((await suite.ask('GET', '/matches?pattern=rising&kind=match')).json).toEqual({ matches: [], next: null });
  });
});

describe('the topic of matches, page by page', () => {
  it('gives all of them, however they were appended', async () => {
    for (let round = 0; round < 4; round += 1) for (const amount of [7, 150]) await post({ card_id: `c-page-${round}`, amount });
    const pages = async (): Promise<unknown[]> => {
      const keys: unknown[] = [];
      let cursor = '';
      for (let more = true; more;) {
        const { json } = await suite.ask('GET', `/matches?pattern=pair&limit=1${cursor}`);
        keys.push(...(json['matches'] as { events: unknown }[]).map(({ events }) => events));
        more = json['next'] !== null;
        cursor = `&cursor=${String(json['next'])}`;
      }
      return keys;
    };
    expect(await soon(pages, ({ length }) => length === 4)).toEqual([0, 1, 2, 3].map((back) => ({ one: [`t-${sent - 2 * back - 1}`], two: [`t-${sent - 2 * back}`] })));
  });
});

describe('a pattern and a card', () => {
  it('tell which partial matches are open, until when, and what stopped the best one', async () => {
    await post({ card_id: 'c-open', amount: 10 });
    const last = await post({ card_id: 'c-open', amount: 20 });
    const { status, json } = await suite.ask('GET', '/entities/card/c-open/why-not?pattern=small_then_large');
    expect(status).toBe(200);
    expect(json).toMatchObject({ pattern: 'small_then_large', open_count: 2, open: [{ steps: { small: [`t-${sent - 1}`, `t-${sent}`] }, awaits: ['large'], until: new Date(startMs + (sent - 1) * 1_000 + 1_800_000).toISOString() }, { steps: { small: [`t-${sent}`] } }] });
    const latest = async (): Promise<{ decision_id: string; explanation: string } | null> =>
      ((await suite.ask('GET', '/entities/card/c-open/why-not?pattern=small_then_large')).json as { latest: { decision_id: string; explanation: string } | null }).latest;
    expect((await soon(latest, (seen) => seen?.decision_id === last.json['id']))?.explanation).toMatch(/got as far as 2 of its events: it waits for large/);
  });

  it('are refused where they do not go together', async () => {
    expect((await suite.ask('GET', '/entities/merchant/m-1/why-not?pattern=small_then_large')).status).toBe(422);
    expect((await suite.ask('GET', '/entities/card/c/why-not?pattern=nothing')).status).toBe(404);
    expect((await suite.ask('GET', '/entities/nothing/c/why-not?pattern=small_then_large')).status).toBe(404);
  });
});

describe('a pattern that is changed while events come', () => {
  it('finishes what it began with its former version, and a rollback brings the former one back', async () => {
    await post({ card_id: 'c-change', amount: 7 });
    expect((await suite.apply(definitionsText + ordered + pair(200))).status).toBe(200);
    expect(patternsOf(await post({ card_id: 'c-change', amount: 150 }))).toEqual([['pair', 1, ['one', 'two']]]);
    await post({ card_id: 'c-change', amount: 7 });
    expect(patternsOf(await post({ card_id: 'c-change', amount: 150 }))).toEqual([]);
    expect(patternsOf(await post({ card_id: 'c-change', amount: 250 }))).toEqual([['pair', 2, ['one', 'two']]]);
    expect((await suite.ask('POST', '/definitions/rollback', {})).status).toBe(200);
    await post({ card_id: 'c-back', amount: 7 });
    expect(patternsOf(await post({ card_id: 'c-back', amount: 150 }))).toMatchObject([['pair', expect.any(Number), ['one', 'two']]]);
  });

  it('drops what it began where it says so', async () => {
    expect((await suite.apply(definitionsText + ordered + pair(100, 'drop'))).status).toBe(200);
    await post({ card_id: 'c-drop', amount: 7 });
    expect((await suite.apply(definitionsText + ordered + pair(300, 'drop'))).status).toBe(200);
    expect(patternsOf(await post({ card_id: 'c-drop', amount: 350 }))).toEqual([]);
  });
});
