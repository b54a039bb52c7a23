import type { LaneItem, Value } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { forSeeds } from '@weir/testkit';
import { PatternStage } from './pattern-stage';
import { base, copy, Lane, run, setOf, smallThenLarge, Store, told } from './testing/sample-lane';

describe('three small payments, then a large one', () => {
  const card = (amount: number): Record<string, Value> => ({ card_id: 'c1', amount });
  const lane = (): Lane => new Lane(setOf(base + smallThenLarge));

  it('are one match, by the event that completes it', () => {
    expect(run(lane().add(0, card(50)).add(60, card(60)).add(120, card(70)).add(180, card(2_000_000)))).toEqual(['4 small_then_large@1 match c1 {"small":["e1","e2","e3"],"large":["e4"]}']);
  });

  it('are none when the large one comes exactly at the end of the window', () => {
    expect(run(lane().add(0, card(50)).add(60, card(60)).add(120, card(70)).add(300, card(2_000_000)))).toEqual([]);
    expect(run(lane().add(0, card(50)).add(60, card(60)).add(120, card(70)).add(299.999, card(2_000_000)))).toHaveLength(1);
  });

  it('are none when another payment lies between the small ones', () => {
    expect(run(lane().add(0, card(50)).add(60, card(20_000)).add(120, card(60)).add(130, card(70)).add(180, card(2_000_000)))).toEqual([]);
  });

  it('leave no state once their window is over', () => {
    const stage = new PatternStage(), store = new Store();
    stage.process(lane().add(0, card(50)).add(60, card(60)).add(120, card(70)).items.map(copy));
    store.save(stage);
    expect(store.scan('cep/card~')).toHaveLength(1);
    stage.process(lane().tick(421).items.slice(1));
    store.save(stage);
    expect(stage.keyCount).toBe(0);
    expect(store.scan('cep/card~')).toEqual([]);
  });

  it('are told as a time-out where time-outs are asked for', () => {
    const items = lane().add(0, card(50)).add(60, card(60)).add(120, card(70)).tick(302);
    expect(run(items, { timeouts: true })).toEqual(['4 small_then_large@1 timeout c1 {"small":["e1","e2","e3"]} by time']);
  });

  it('name the patterns whose key an event had', () => {
    const [, keyed, keyless] = new PatternStage().process(lane().add(0, card(50)).add(1, { amount: 1 }).items.map(copy));
    expect(keyed).toMatchObject({ patternsKeyed: ['small_then_large'] });
    expect(keyless).toMatchObject({ patternsKeyed: [] });
  });

  it('are simulated without a trace', () => {
    const items = lane().add(0, card(50)).add(60, card(60)).add(120, card(70)).add(180, card(2_000_000)).items.map(copy);
    const stage = new PatternStage();
    stage.process(items.slice(0, 4));
    const asked = items[4] as LaneItem;
    expect(stage.simulate(asked).matches).toHaveLength(1);
    expect(stage.simulate(asked).matches).toHaveLength(1);
    expect(asked.matches).toEqual([]);
    expect(stage.process([asked])[0]?.matches).toHaveLength(1);
  });
});

describe('a pattern', () => {
  it('sees features, several sources and keys of several fields', () => {
    const set = setOf(`${base}
---
kind: Pattern
name: far_above_usual
key: card
sources: [logins, transactions]
pattern:
  - { name: login, where: tx.place == "abroad" }
  - { name: pay, followed_by: true, where: tx.amount > 3 * features.average }
within: 1h
---
kind: Pattern
name: same_amount_twice
key: card_at_merchant
pattern:
  - { name: one, where: tx.amount > 0 }
  - { name: two, followed_by: true, where: tx.amount == first(one.amount) }
within: 1h
`);
    const lane = new Lane(set).add(0, { card_id: 'c1', place: 'abroad' }, 'logins').add(1, { card_id: 'c1', merchant_id: 'm|1', amount: 200, average: 100 }).add(2, { card_id: 'c1', merchant_id: 'm|1', amount: 400, average: 100 }).add(3, { card_id: 'c1', merchant_id: 'm|1', amount: 200, average: 100 });
    expect(run(lane)).toEqual(['3 far_above_usual@1 match c1 {"login":["e1"],"pay":["e3"]}', '4 same_amount_twice@1 match c1|m%7C1 {"one":["e2"],"two":["e4"]}']);
  });

  it('that ends with silence is given by time, with the record that brought the time', () => {
    const set = setOf(`${base}
---
kind: Pattern
name: no_payment_after_login
key: card
sources: [logins, transactions]
pattern:
  - { name: login, where: 'tx.place == "abroad"' }
  - { name: pay, not_followed_by: true, where: tx.amount > 0 }
within: 1m
`);
    const lane = new Lane(set).add(0, { card_id: 'c1', place: 'abroad' }, 'logins').add(1, { card_id: 'c2', place: 'abroad' }, 'logins').add(2, { card_id: 'c2', amount: 5 }).tick(100).tick(100, 'logins');
    expect(run(lane)).toEqual(['5 no_payment_after_login@1 match c1 {"login":["e1"]} by time']);
  });

  it('that is ordered matches by time, after the watermark', () => {
    const set = setOf(`${base}
---
kind: Pattern
name: rising
key: card
matching: ordered
pattern: [{ name: low, where: tx.amount < 10 }, { name: high, where: tx.amount > features.average }]
within: 1h
`);
    const lane = new Lane(set).add(10, { card_id: 'c1', amount: 100, average: 50 }).add(8, { card_id: 'c1', amount: 5, average: 50 }).tick(20);
    expect(run(lane)).toEqual(['3 rising@1 match c1 {"low":["e2"],"high":["e1"]} by time']);
    const stage = new PatternStage(), after = new PatternStage(), store = new Store();
    stage.process(lane.items.slice(0, 3).map(copy));
    store.save(stage);
    void after.restore(store);
    expect(after.process(lane.items.slice(3).map(copy)).flatMap(told)).toHaveLength(1);
  });
});

describe('a change of definitions', () => {
  const pattern = (options: { above: number; onChange?: string; mode?: string }): string => `${base}
---
kind: Pattern
name: pair
key: card
pattern: [{ name: one, where: tx.amount < 10 }, { name: two, followed_by: true, where: tx.amount > ${options.above} }]
within: 1h
on_change: ${options.onChange ?? 'finish'}
mode: ${options.mode ?? 'live'}
`;
  const first = setOf(pattern({ above: 100 }));
  const lane = (next: DefinitionSet): Lane => new Lane(first).add(0, { card_id: 'c1', amount: 1 }).define(next).add(1, { card_id: 'c1', amount: 2 }).add(2, { card_id: 'c1', amount: 150 }).add(3, { card_id: 'c1', amount: 250 });

  it('keeps the partial matches of a pattern that means the same', () => {
    expect(run(lane(setOf(`${pattern({ above: 100 })}\n---\nkind: List\nname: other\nof: card_id\n`, first)))).toEqual(['4 pair@1 match c1 {"one":["e1"],"two":["e4"]}', '4 pair@1 match c1 {"one":["e3"],"two":["e4"]}']);
  });

  it('lets a changed pattern finish, and the new one see only what comes after', () => {
    expect(run(lane(setOf(pattern({ above: 200 }), first)))).toEqual(['4 pair@1 match c1 {"one":["e1"],"two":["e4"]}', '5 pair@2 match c1 {"one":["e3"],"two":["e5"]}']);
  });

  it('drops the partial matches of a changed pattern where that is asked for', () => {
    expect(run(lane(setOf(pattern({ above: 200, onChange: 'drop' }), first)))).toEqual(['5 pair@2 match c1 {"one":["e3"],"two":["e5"]}']);
  });

  it('drops a pattern that is removed or off', () => {
    expect(run(lane(setOf(base, first)))).toEqual([]);
    expect(run(lane(setOf(pattern({ above: 100, mode: 'off' }), first)))).toEqual([]);
  });
});

const aboveUsual = `
---
kind: Pattern
name: above_usual
key: card
pattern: [{ name: small, where: tx.amount < 10 }, { name: high, followed_by: true, where: tx.amount > 3 * features.average || features.average == null }]
within: 20s
`;

describe('the state', () => {
  it('gives the same outcomes and bytes however the lane is cut into batches, crashed and restored', () => {
    const setA = setOf(base + smallThenLarge.replace('5m', '20s') + smallThenLarge.replace('small_then_large', 'eager_pair').replace('times: 3', 'times: 2').replace('past_last_event', 'none') + aboveUsual);
    const setB = setOf(base + smallThenLarge.replace('5m', '20s').replace('times: 3', 'times: 2') + aboveUsual, setA);
    forSeeds(30, (random) => {
      const lane = new Lane(setA);
      let seconds = 0;
      for (let at = 0; at < 60; at++) {
        seconds += random.int(0, 3);
        if (at === 30) lane.define(setB);
        else lane.add(Math.max(0, seconds - random.int(0, 6)), { card_id: random.pick(['c1', 'c2']), amount: random.pick([5, 7, 20_000, 2_000_000]), average: random.pick([3, 10_000]) });
      }
      const whole = new PatternStage(), wholeStore = new Store();
      const expected = whole.process(lane.items.map(copy)).flatMap(told);
      wholeStore.save(whole);
      // With time-outs asked for, every pattern runs event by event.
      expect(run(lane, { timeouts: true }).filter((text) => !text.includes(' timeout '))).toEqual(expected);
      let stage = new PatternStage();
      const store = new Store(), given: string[] = [];
      for (let from = 0; from < lane.items.length;) {
        const to = from + random.int(1, 9);
        given.push(...stage.process(lane.items.slice(from, to).map(copy)).flatMap(told));
        from = to;
        store.save(stage);
        if (random.chance(0.5)) { stage = new PatternStage({ hotKeysMax: random.int(0, 2) }); void stage.restore(store); }
      }
      expect(given).toEqual(expected);
      expect(store.text()).toBe(wholeStore.text());
    });
  });
});
