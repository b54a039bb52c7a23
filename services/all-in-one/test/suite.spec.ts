/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { soon } from './soon';
import { definitionsText, definitionsWith, runs, SuiteFixture, TestFolder, type Answer } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
const startMs = Date.now() - 60_000;
let sent = 0;

/** A raw value that must never be found again. */
const rawCard = '4111222233334444';
const transaction = (of: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => {
  sent += 1;
  return { transaction_id: `t-${sent}`, event_time: startMs + sent * 10, card_id: 'c-1', merchant_id: 'm-1', amount: 5_000, ...of };
};
const post = (of: Readonly<Record<string, unknown>> = {}): Promise<Answer> => suite.ask('POST', '/transactions', transaction(of));

runs(suite, folder, definitionsText);

describe('a suite in one process', () => {
  it('decides, and answers the same id with the first decision', async () => {
    const body = transaction();
    const first = await suite.ask('POST', '/transactions', body);
    expect([first.status, first.json['outcome'], first.json['transaction_id']]).toEqual([200, 'approve', body['transaction_id']]);
    const again = await suite.ask('POST', '/transactions', { ...body, amount: 999_999 });
    expect([again.status, again.headers.get('weir-duplicate'), again.json['id'], again.json['score']]).toEqual([200, 'true', first.json['id'], first.json['score']]);
  });

  it.each([['amount', { amount: 'x' }, 'invalid'], ['amount', { amount: 1.5 }, 'invalid'], ['event_time', { event_time: Date.now() + 3_600_000 }, 'future']] as const)('refuses a wrong %s with 422 and keeps what it refused', async (_field, wrong, reason) => {
    const refused = await post(wrong);
    expect([refused.status, refused.json['reason']]).toEqual([422, reason]);
    const id = String(refused.json['quarantine_id']);
    await soon(async () => (await suite.ask('GET', `/quarantine/${id}`)).json['reason'] === reason);
  });

  it('shows in the next read what was just decided', async () => {
    for (let count = 1; count <= 3; count += 1) {
      await post({ card_id: 'c-read' });
      expect((await suite.ask('GET', '/features/card/c-read')).json['features']).toMatchObject({ tx_count_1h: count, amount_sum_1h: count * 5_000 });
    }
    expect((await suite.ask('GET', '/features/card/nobody')).json['statuses']).toMatchObject({ tx_count_1h: 'NOT_FOUND' });
  });

  it('counts a list entry for the very next decision', async () => {
    expect((await post({ card_id: 'c-list' })).json['outcome']).toBe('approve');
    expect((await suite.ask('PUT', '/lists/blocked_cards/entries/c-list', { reason: 'stolen' })).status).toBeLessThan(300);
    expect((await post({ card_id: 'c-list' })).json).toMatchObject({ outcome: 'block', decided_by: 'hard_list', lists: ['blocked_cards'] });
    expect((await suite.ask('DELETE', '/lists/blocked_cards/entries/c-list')).status).toBeLessThan(300);
    expect((await post({ card_id: 'c-list' })).json['outcome']).toBe('approve');
  });

  it('changes definitions between two events, and goes back', async () => {
    const large = { card_id: 'c-set', amount: 100_000 };
    const before = await post(large);
    expect(before.json['rules']).toEqual(['large_amount']);
    expect((await suite.apply(definitionsWith(['tx.amount > 90000, weight: 0.35', 'tx.amount > 900000, weight: 0.35']))).json['changes']).toMatchObject([{ kind: 'Rule', name: 'large_amount', change: 'changed', from_version: 1, to_version: 2 }]);
    const between = await post(large);
    expect(between.json['rules']).toEqual([]);
    expect((await suite.ask('POST', '/definitions/rollback', {})).status).toBe(200);
    const after = await post(large);
    expect([after.json['rules'], after.json['set']]).toEqual([['large_amount'], before.json['set']]);
    expect(between.json['set']).not.toBe(before.json['set']);
    const refused = await suite.apply(`${definitionsText}---\n{ kind: Rule, name: wrong, when: tx.nothing > 1, weight: 0.1 }\n`);
    expect([refused.status, (await post(large)).json['set']]).toEqual([422, before.json['set']]);
  });

  it('gives the same decision again from its record alone', async () => {
    const { id } = (await post({ amount: 95_000 })).json;
    await soon(async () => (await suite.ask('GET', `/decisions/${String(id)}`)).status === 200);
    expect((await suite.ask('GET', `/decisions/${String(id)}/rerun`)).json).toMatchObject({ same: true, verdict: { id } });
  });

  it('holds a label until its transaction comes', async () => {
    expect((await suite.ask('POST', '/labels', { labels: [{ transaction_id: 't-later', fraud: true, by: 'test' }] })).json).toEqual({ accepted: 1 });
    const held = (): string => readFileSync(join(folder.path, 'labels-held.json'), 'utf8');
    expect(held()).toContain('t-later');
    await post({ transaction_id: 't-later', card_id: 'c-label' });
    await soon(() => held() === '[]');
    await suite.ask('POST', '/labels', { labels: [{ transaction_id: 't-later', fraud: true, by: 'someone else' }] });
    const frauds = async (): Promise<unknown> => ((await suite.ask('GET', '/features/card/c-label')).json['features'] as Record<string, unknown>)['fraud_count'];
    await soon(async () => (await frauds()) === 2);
  });

  it('keeps everything over a restart', async () => {
    const body = transaction({ card_id: 'c-keep' });
    const first = await suite.ask('POST', '/transactions', body);
    await suite.ask('PUT', '/lists/blocked_cards/entries/c-kept', { reason: 'kept' });
    const features = async (): Promise<unknown> => (await suite.ask('GET', `/features/card/c-keep?at=${startMs + 3_600_000}`)).json['features'];
    const [readBefore, setBefore] = [await features(), (await suite.ask('GET', '/definitions')).json['set']];
    await suite.stop();
    await suite.start();
    expect(await features()).toEqual(readBefore);
    expect((await suite.ask('GET', '/definitions')).json['set']).toBe(setBefore);
    await soon(async () => (await suite.ask('GET', `/decisions/${String(first.json['id'])}`)).status === 200);
    const { meta: _meta, ...stored } = (await suite.ask('GET', `/decisions/${String(first.json['id'])}`)).json;
    const { meta: _measured, ...answered } = first.json;
    expect(stored).toEqual(answered);
    expect((await suite.ask('POST', '/transactions', body)).headers.get('weir-duplicate')).toBe('true');
    expect((await post({ card_id: 'c-kept' })).json['decided_by']).toBe('hard_list');
    expect((await post({ card_id: 'c-keep' })).json['features']).toMatchObject({ tx_count_1h: 2 });
  });

  it('keeps no value that is to be tokenised anywhere in its folder', async () => {
    await post({ card_id: rawCard });
    await post({ card_id: rawCard, amount: 'refused' });
    await suite.ask('PUT', `/lists/blocked_cards/entries/${rawCard}`, { reason: 'stolen' });
    expect((await post({ card_id: rawCard })).json['decided_by']).toBe('hard_list');
    await suite.stop();
    const files = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => readFileSync(file).includes(rawCard))).toEqual([]);
    await suite.start();
  });
});
