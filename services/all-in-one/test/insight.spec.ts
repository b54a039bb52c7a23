/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { soon } from './soon';
import { definitionsText, definitionsWith, runs, SuiteFixture, TestFolder, type Answer } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
const startMs = Date.now() - 600_000;
let sent = 0;

const post = (of: Readonly<Record<string, unknown>>): Promise<Answer> => {
  sent += 1;
  return suite.ask('POST', '/transactions', { transaction_id: `t-${sent}`, event_time: startMs + sent * 1_000, merchant_id: 'm-1', amount: 5_000, ...of });
};
const read = async (path: string): Promise<Record<string, unknown>> => (await soon(() => suite.ask('GET', path), ({ status }) => status === 200)).json;
const whyNot = async (decision: Answer): Promise<Record<string, unknown>> => {
  await read(`/decisions/${String(decision.json['id'])}`);
  return read(`/decisions/${String(decision.json['id'])}/why-not?pattern=small_then_large`);
};

runs(suite, folder, definitionsText);

describe('why a pattern was not completed', () => {
  it('tells how far it got, and what it waits for', async () => {
    await post({ card_id: 'c-far', amount: 10 });
    const last = await post({ card_id: 'c-far', amount: 20 });
    const why = await whyNot(last);
    expect(why).toMatchObject({ kind: 'pattern', name: 'small_then_large', fired: false });
    expect(String(why['explanation'])).toMatch(/^small_then_large got as far as 2 of its events: it waits for large/);
    expect((why['parts'] as { text: string; held: boolean; value: unknown }[]).map(({ text, held, value }) => [text, held, value])).toEqual([['small', true, ['t-1', 't-2']], ['large', false, []]]);
  });

  it('says when nothing began it', async () => {
    const why = await whyNot(await post({ card_id: 'c-none' }));
    expect([why['fired'], why['explanation']]).toEqual([false, 'none of the 1 events of this card begins small_then_large']);
    expect(why['parts']).toEqual([{ text: 'tx.amount < 1000', held: false, value: null }]);
  });

  it('says when it was completed', async () => {
    for (const amount of [10, 20]) await post({ card_id: 'c-full', amount });
    const why = await whyNot(await post({ card_id: 'c-full', amount: 95_000 }));
    expect([why['fired'], why['explanation']]).toEqual([true, 'small_then_large was completed by this event']);
  });

  it('looks at what stood before the decision alone', async () => {
    const first = await post({ card_id: 'c-before', amount: 10 });
    for (const amount of [20, 95_000]) await post({ card_id: 'c-before', amount });
    expect(String((await whyNot(first))['explanation'])).toMatch(/got as far as 1 of its events/);
  });
});

describe('a decision with its explanation', () => {
  it('says how far the bands are, what else would have changed it, and what nearly fired', async () => {
    const decision = await post({ card_id: 'c-near', amount: 90_001 });
    await read(`/decisions/${String(decision.json['id'])}`);
    const near = (await read(`/decisions/${String(decision.json['id'])}?explain=true`))['near_misses'] as Record<string, unknown>;
    expect(near).toMatchObject({ band: { band: 'review', down: expect.closeTo(0.05) as number, up: expect.closeTo(0.45) as number } });
    expect(near['what_if']).not.toEqual([]);
    expect((await read(`/decisions/${String(decision.json['id'])}/near-misses`))['what_if']).toEqual(near['what_if']);
  });
});

describe('a set', () => {
  it.each(['http://127.0.0.1/x', 'https://user:secret@example.org/x', 'http://localhost/x'])('with a webhook to %s is refused', async (url) => {
    const answer = await suite.apply(definitionsWith(['weight: 0.35 }', `weight: 0.35, then: [{ webhook: "${url}" }] }`]));
    expect([answer.status, (answer.json['errors'] as { field: string }[]).map(({ field }) => field)]).toEqual([422, ['then[0].webhook']]);
  });
});

describe('a pattern that asks for it', () => {
  it('raises an alert when a partial match runs out of time, and the metrics count it', async () => {
    expect((await suite.apply(definitionsWith(['within: 30m', 'within: 30m\non_timeout: alert']))).status).toBe(200);
    await post({ card_id: 'c-slow', amount: 10 });
    await post({ card_id: 'c-other', event_time: Date.now() + 200_000 });
    sent += 1;
    await suite.apply(definitionsWith(['within: 30m', 'within: 1s\non_timeout: alert']));
    await post({ card_id: 'c-late', amount: 10, event_time: Date.now() + 200_100 });
    await post({ card_id: 'c-other', event_time: Date.now() + 250_000 });
    const alerts = await soon(async () => (await suite.ask('GET', '/alerts?raised_by=small_then_large')).json['alerts'] as Record<string, unknown>[], (found) => found.length > 0);
    expect(alerts[0]).toMatchObject({ severity: 'high', raised_by: { kind: 'pattern', name: 'small_then_large' }, decision_id: null, text: 'small_then_large ran out of time' });
    const metrics = String((await suite.ask('GET', '/metrics')).json['text']);
    expect(metrics).toMatch(/weir_cep_timeouts_total\{lane="0"\} [1-9]/);
    expect(metrics).toMatch(/weir_cep_late_events_total\{lane="0"\} 0/);
  });
});

describe('a decision that is run again with changed definitions', () => {
  it('says what would have been, from the record, and which features that has not', async () => {
    const id = String((await post({ card_id: 'c-again', amount: 60_000 })).json['id']);
    await read(`/decisions/${id}`);
    const rerun = (definitions: readonly unknown[]): Promise<Answer> => suite.ask('POST', `/decisions/${id}/rerun`, { definitions });
    expect((await rerun([{ kind: 'Rule', name: 'large_amount', when: 'tx.amount > 50000', weight: 0.9 }])).json).toMatchObject({ same: false, missing_features: [], verdict: { id, outcome: 'block', rules: ['large_amount'] } });
    const view = { kind: 'FeatureView', name: 'more', entity: 'card', source: 'transactions', features: [{ name: 'largest', agg: 'max', of: 'amount', windows: ['7d'] }] };
    expect((await rerun([view, { kind: 'Rule', name: 'asks', when: 'features.largest_7d > 1' }])).json).toMatchObject({ missing_features: ['more.largest_7d'], verdict: { unknown: ['asks'] } });
    expect((await rerun([{ kind: 'Rule', name: 'large_amount', when: 'tx.nothing > 1' }])).status).toBe(422);
    expect((await rerun([{ kind: 'Rule', name: 'large_amount', when: 'tx.amount > 90000', weight: 0.35 }])).json['same']).toBe(true);
    expect((await suite.ask('POST', '/decisions/d-0-999999/rerun', { definitions: [view] })).status).toBe(404);
    expect((await read(`/decisions/${id}`))['outcome']).toBe('approve');
  });
});

describe('the keys that take the most', () => {
  it('are named as they are asked for: by the token where a field is one', async () => {
    const shown = async (): Promise<Array<{ entity_type: string; entity_id: string; share: number }>> => (await read('/hot-keys'))['hot_keys'] as never;
    while (!(await shown()).some(({ entity_type: type }) => type === 'card')) await post({ card_id: 'c-often' });
    const keys = await shown();
    for (const { entity_type: type, entity_id: id, share } of keys) {
      expect(type === 'card' ? id : id.slice(0, 2)).toMatch(type === 'card' ? /^tok_/ : 'm-');
      expect(share).toBeGreaterThan(0);
    }
    expect((await suite.ask('GET', '/metrics')).json['text']).toMatch(/weir_gateway_hot_key_share_ratio\{[^}]*entity="card"[^}]*\} 0\.\d/);
  });
});
