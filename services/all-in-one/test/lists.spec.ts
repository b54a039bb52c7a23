/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { definitionsText, SuiteFixture, TestFolder, type Answer } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
let sent = 0;
const pay = (card_id: string, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> => {
  sent += 1;
  return suite.ask('POST', '/transactions', { transaction_id: `t-${sent}`, event_time: Date.now() - 60_000 + sent, card_id, merchant_id: 'm-1', amount: 5_000, ...more });
};
const upload = (entries: readonly unknown[], replace = false, list = 'blocked_cards'): Promise<Answer> => suite.ask('PUT', `/lists/${list}/entries`, { entries, replace });

beforeAll(async () => {
  await suite.start();
  await suite.apply(`${definitionsText}\n---\n{ kind: List, name: blocked_merchants, of: merchant_id, effect: block, match: cidr }`);
});
afterAll(async () => {
  await suite.stop();
  folder.remove();
});

describe('a list that is uploaded', () => {
  it('counts for the next decision, whole, and goes whole', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => ({ value: `stolen-${index}`, reason: 'lost at once' }));
    expect((await upload(many)).json).toEqual({ list: 'blocked_cards', uploaded: 5_000, entries: 5_000 });
    for (const card of ['stolen-0', 'stolen-4999']) expect((await pay(card)).json).toMatchObject({ outcome: 'block', decided_by: 'hard_list', lists: ['blocked_cards'] });
    expect((await upload([{ value: 'stolen-7' }], true)).json).toMatchObject({ entries: 1 });
    expect([(await pay('stolen-0')).json['outcome'], (await pay('stolen-7')).json['outcome']]).toEqual(['approve', 'block']);
    expect((await suite.ask('DELETE', '/lists/blocked_cards/entries')).status).toBe(204);
    expect((await pay('stolen-7')).json['outcome']).toBe('approve');
  });

  it('holds no card number, and says who changed it', async () => {
    await upload([{ value: 'c-secret', by: 'bank' }]);
    const { entries } = (await suite.ask('GET', '/lists/blocked_cards/entries')).json as { entries: { value: string; by: string }[] };
    expect(entries).toEqual([expect.objectContaining({ by: 'bank', value: expect.not.stringContaining('c-secret') as string })]);
    const [newest] = (await suite.ask('GET', '/audit?limit=1')).json['audit'] as { action: string; by: string; subject: string }[];
    expect(newest).toMatchObject({ action: 'list.upload', by: 'test', subject: 'blocked_cards' });
  });

  it('is refused whole where one entry is wrong, and nothing changes', async () => {
    const refused = await upload([{ value: '10.0.0.0/8' }, { value: 'nowhere' }], false, 'blocked_merchants');
    expect(refused).toMatchObject({ status: 422, json: { errors: [{ field: 'entries[1].value', got: 'nowhere' }] } });
    expect((await pay('c-1', { merchant_id: '10.1.2.3' })).json['lists']).toEqual([]);
    expect((await suite.ask('PUT', '/lists/blocked_merchants/entries/nowhere', {})).status).toBe(422);
    expect((await upload([{ value: '10.0.0.0/8' }], false, 'blocked_merchants')).status).toBe(200);
    expect((await pay('c-1', { merchant_id: '10.1.2.3' })).json).toMatchObject({ outcome: 'block', decided_by: 'block_list' });
  });
});
