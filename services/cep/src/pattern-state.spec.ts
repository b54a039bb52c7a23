import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PatternStage } from './pattern-stage';
import { metaKey } from './state-keys';
import { base, copy, Lane, setOf, smallThenLarge, Store, told } from './testing/sample-lane';

const loops = `
---
kind: Pattern
name: rising
key: card
matching: ordered
pattern: [{ name: low, where: tx.amount < 10000, one_or_more: true, allow_combinations: true }, { name: high, where: tx.amount > 3 * sum(low.amount) && tx.amount > features.average }]
within: 1h
---
kind: Pattern
name: silence
key: card_at_merchant
on_timeout: alert
pattern: [{ name: pay, where: tx.amount > 1000 }, { name: again, followed_by: true, where: tx.merchant_id == first(pay.merchant_id), within: 2m }]
within: 5m
`;
const set = setOf(base + smallThenLarge + loops);
const pay = (amount: number, more: Record<string, string> = {}): Record<string, string | number> => ({ card_id: 'c1', merchant_id: 'm|1', amount, average: 50, ...more });

/** What a suite had seen when it was stopped, and what came after. */
const seen = new Lane(set).add(0, pay(50)).add(1, { card_id: 'c2', place: 'abroad' }, 'logins').add(60, pay(60)).add(62, pay(9_000, { card_id: 'cé 2' })).add(58, pay(55)).add(120, pay(70));
const split = seen.items.length;
const all = new Lane(set);
all.items.push(...seen.items);
const after = seen.add(180, pay(2_000_000)).add(300, pay(20, { card_id: 'c9' })).tick(700).tick(700, 'logins').items.slice(split);

const expected = [
  '7 small_then_large@1 match c1 {"small":["e1","e3","e5"],"large":["e7"]}',
  ...['"e1","e5","e3","e6"', '"e1","e5","e6"', '"e1","e3","e6"', '"e1","e6"', '"e5","e3","e6"', '"e5","e6"', '"e3","e6"', '"e6"'].map((low) => `8 rising@1 match c1 {"low":[${low}],"high":["e7"]} by time`),
  '8 silence@1 timeout c%C3%A9%202|m%7C1 {"pay":["e4"]} by time',
  '9 silence@1 timeout c1|m%7C1 {"pay":["e7"]} by time',
];

/** State as a version of the format left it: entries of the store, in hex. */
const fileOf = (format: number): string => join(__dirname, `../test/state/format-${format}.json`);
function storeOf(format: number): Store {
  const store = new Store();
  for (const [key, hex] of Object.entries(JSON.parse(readFileSync(fileOf(format), 'utf8')) as Record<string, string>)) store.values.set(key, Buffer.from(hex, 'hex'));
  return store;
}

async function goOn(store: Store): Promise<string[]> {
  const stage = new PatternStage({ hotKeysMax: 0 });
  await stage.restore(store);
  return stage.process(after.map(copy)).flatMap(told);
}

describe('state of patterns that an earlier version of the service wrote', () => {
  it.each([1, 2])('is read and goes on where it was: format %d', async (format) => {
    expect(await goOn(storeOf(format))).toEqual(expected);
  });

  it('is what this version writes, byte for byte: a change of the bytes needs a new format', () => {
    const store = new Store(), stage = new PatternStage();
    stage.process(seen.items.slice(0, split).map((item) => copy(item)));
    store.save(stage);
    expect(store.text()).toBe(storeOf(2).text());
  });

  it.each([
    ['a format that is not known', 'cep/card~transactions~eager/c1', (bytes: Uint8Array) => Uint8Array.of(9, ...bytes.slice(1)), 'the state of patterns is of format 9; this version reads 1 to 2'],
    ['a register of a format that is not known', metaKey, (bytes: Uint8Array) => Uint8Array.of(7, ...bytes.slice(1)), 'state of cep in format 7, expected 1'],
    ['bytes that end early', 'cep/card~transactions~eager/c1', (bytes: Uint8Array) => bytes.slice(0, 20), 'cep/card~transactions~eager/c1 cannot be read'],
  ])('is refused with a clear word: %s', async (_what, key, change, message) => {
    const store = storeOf(2);
    store.values.set(key, change(store.values.get(key) ?? new Uint8Array()));
    await expect(goOn(store)).rejects.toThrow(message);
    await expect(goOn(store)).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED' });
  });

  it('is refused where the set of definitions that it runs by is not there', async () => {
    const store = storeOf(2);
    for (const key of [...store.values.keys()]) if (key.startsWith('cep/!set/')) store.values.delete(key);
    await expect(goOn(store)).rejects.toThrow(`the state of cep names set ${set.id}, which is not in the store`);
  });
});
