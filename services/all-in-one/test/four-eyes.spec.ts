/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { hashApiKey } from '@weir/gateway';
import { definitionsText, definitionsWith, SuiteFixture, TestFolder, type Answer } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path, { fourEyes: true });
const other = { authorization: 'Bearer weir_another_key_of_somebody_else' };
const stricter = definitionsWith(['tx.amount > 90000, weight: 0.35', 'tx.amount > 50000, weight: 0.35']);
let sent = 0;

const post = (of: Readonly<Record<string, unknown>>): Promise<Answer> => {
  sent += 1;
  return suite.ask('POST', '/transactions', { transaction_id: `t-${sent}`, event_time: Date.now() - 60_000 + sent, card_id: 'c-1', merchant_id: 'm-1', amount: 5_000, ...of });
};
const propose = async (text: string): Promise<string> => {
  const answer = await suite.apply(text);
  expect([answer.status, answer.json['status'], answer.headers.get('location')]).toEqual([202, 'open', `/definitions/proposals/${String(answer.json['id'])}`]);
  return String(answer.json['id']);
};
const decide = (id: string, how: 'approve' | 'reject', headers: Readonly<Record<string, string>> = other): Promise<Answer> => suite.ask('POST', `/definitions/proposals/${id}/${how}`, undefined, headers);

beforeAll(async () => {
  await suite.start();
  await suite.suite.registry.addKey({ id: 'k-other', name: 'other', secretHash: hashApiKey('weir_another_key_of_somebody_else'), roles: ['edit', 'read'], createdAtMs: 0, createdBy: 'test', revokedAtMs: null });
});
afterAll(async () => {
  await suite.stop();
  folder.remove();
});

describe('where four eyes are asked for', () => {
  it('a change counts once somebody else has approved it, restart or not', async () => {
    const id = await propose(definitionsText);
    expect((await suite.ask('GET', '/definitions')).json['set']).toBeNull();
    await suite.stop();
    await suite.start();
    expect((await suite.ask('GET', '/definitions/proposals?status=open')).json).toMatchObject({ proposals: [{ id, status: 'open', created_by: 'test' }], next: null });
    expect(await decide(id, 'approve', {})).toMatchObject({ status: 409 });
    expect((await decide(id, 'approve')).status).toBe(200);
    expect((await post({ amount: 95_000 })).json['rules']).toEqual(['large_amount']);
    expect((await suite.ask('GET', `/definitions/proposals/${id}`)).json).toMatchObject({ status: 'approved', decided_by: 'other' });
    expect((await decide(id, 'approve')).status).toBe(409);
    const trail = (await suite.ask('GET', '/audit')).json['audit'] as { action: string; by: string; subject: string }[];
    expect(trail.filter(({ subject }) => subject === id).map(({ action, by }) => [action, by])).toEqual([['definitions.approve', 'other'], ['definitions.propose', 'test']]);
  });

  it('one definition is a proposal too, and what is wrong is refused at once', async () => {
    expect((await suite.ask('PUT', '/definitions/Rule/large_amount', { when: 'tx.amount > 70000', weight: 0.35 })).status).toBe(202);
    expect((await suite.apply(definitionsWith(['tx.amount > 90000, weight', 'tx.nothing > 90000, weight']))).status).toBe(422);
  });

  it('a proposal whose set was replaced meanwhile has to be made again', async () => {
    const [first, second] = [await propose(stricter), await propose(definitionsWith(['weight: 0.35', 'weight: 0.4']))];
    expect((await decide(first, 'approve')).status).toBe(200);
    expect(await decide(second, 'approve')).toMatchObject({ status: 409, json: { detail: expect.stringContaining('propose it again') as string } });
    expect((await decide(second, 'reject')).json).toMatchObject({ status: 'rejected' });
    expect((await decide(second, 'reject')).status).toBe(409);
    expect((await decide('p-none', 'approve')).status).toBe(404);
  });
});

describe('a snooze', () => {
  const path = (card: string): string => `/rules/large_amount/snoozes/card/${card}`;
  it('silences a rule for one card until it is taken back, restart or not', async () => {
    const large = (card_id: string) => post({ amount: 95_000, card_id });
    const made = await suite.ask('PUT', path('c-quiet'), { ttl: '1h', reason: 'buys a car' });
    expect(made).toMatchObject({ status: 200, json: { rule: 'large_amount', entity: 'card', reason: 'buys a car', by: 'test' } });
    expect(made.json['key']).not.toBe('c-quiet');
    expect((await large('c-quiet')).json).toMatchObject({ rules: [], snoozed: ['large_amount'] });
    expect((await large('c-loud')).json).toMatchObject({ rules: ['large_amount'] });
    await suite.stop();
    await suite.start();
    expect((await suite.ask('GET', '/rules/large_amount/snoozes')).json).toEqual({ snoozes: [made.json], next: null });
    expect((await large('c-quiet')).json['rules']).toEqual([]);
    expect((await suite.ask('DELETE', path('c-quiet'))).status).toBe(204);
    expect((await large('c-quiet')).json['rules']).toEqual(['large_amount']);
    expect((await suite.ask('DELETE', path('c-quiet'))).status).toBe(404);
  });

  it.each([['/rules/none/snoozes/card/c', 404], ['/rules/large_amount/snoozes/planet/c', 404]] as const)('of %s is %i', async (path404, status) => {
    expect((await suite.ask('PUT', path404, { ttl: '1h' })).status).toBe(status);
  });
});
