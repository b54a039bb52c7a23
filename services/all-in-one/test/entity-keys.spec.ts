/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { definitionsText, runs, SuiteFixture, TestFolder } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);
runs(suite, folder, `${definitionsText}
---
{ kind: Entity, name: pair, key: [card_id, merchant_id] }
---
{ kind: FeatureView, name: pairs, entity: pair, source: transactions, features: [{ name: pair_count, agg: count }] }
`);

const percent = encodeURIComponent('50%');

it('a key of several fields is known by its parts, each percent-encoded', async () => {
  await suite.ask('POST', '/transactions', { transaction_id: 't-1', event_time: Date.now(), card_id: '50%', merchant_id: 'a|b', amount: 5 });
  const { status, json } = await suite.ask('GET', `/features/pair/${encodeURIComponent(`${percent}|${encodeURIComponent('a|b')}`)}`);
  expect([status, json['features']]).toEqual([200, { pair_count: 1 }]);
});

it.each([
  ['a part that cannot be decoded', `/features/pair/${percent}%7Cm`], ['too few parts', '/features/pair/c-1'], ['too many parts', '/features/pair/a%7Cb%7Cc'],
  ['in a search', `/decisions?entity=pair:${percent}%7Cm`], ['in a timeline', `/entities/pair/${percent}%7Cm/timeline`], ['in what a pattern took', `/matches?entity=pair:${percent}%7Cm`],
])('%s is the caller’s mistake', async (_what, path) => {
  const { status, json } = await suite.ask('GET', path);
  expect([status, json['errors']]).toEqual([422, [expect.objectContaining({ field: 'entity_id', expected: 'card_id|merchant_id: 2 parts joined by |, each percent-encoded' })]]);
});

it('and so it is in a batch', async () => {
  expect((await suite.ask('POST', '/features/batch', { entity_type: 'pair', entity_ids: ['a|b', '50%|b'] })).status).toBe(422);
});
