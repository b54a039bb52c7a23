import { featureStatuses, vectorToRecord, type EventItem, type LaneItem, type Value } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { forSeeds, forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { FeatureStage } from './feature-stage';
import { MemoryState, TestLane, isEvent, setOf } from './testing/lane-kit';

const startMs = Date.UTC(2025, 0, 6, 12);
const minuteMs = 60_000;
const source = { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true, fields: { transaction_id: 'string!', card_id: 'string', merchant_id: 'string', amount: 'money', status: 'string', customer_id: 'string' } };
const logins = { kind: 'Source', name: 'logins', id: 'login_id', time: 'at', decide: false, fields: { login_id: 'string!', card_id: 'string', ok: 'bool' } };
const card = { kind: 'Entity', name: 'card', key: 'card_id' };
const pair = { kind: 'Entity', name: 'pair', key: ['card_id', 'merchant_id'] };
const view = (name: string, features: readonly object[], more: object = {}): object => ({ kind: 'FeatureView', name, entity: 'card', source: 'transactions', features, ...more });
const counting = view('velocity', [{ name: 'n', agg: 'count', windows: ['1h', '30d'] }, { name: 'total', agg: 'sum', of: 'amount' }, { name: 'last_status', agg: 'last', of: 'status' }, { name: 'share', expr: 'ratio(n_1h, n_30d)' }]);

const features = (item: LaneItem | undefined): Record<string, unknown> => (isEvent(item) && item.vector !== undefined ? vectorToRecord(item.vector).features : {});
const statuses = (item: LaneItem | undefined): Record<string, unknown> => (isEvent(item) && item.vector !== undefined ? vectorToRecord(item.vector).statuses : {});
const payment = (minute: number, values: Readonly<Record<string, Value>> = {}): Record<string, Value> => ({ transaction_id: `t${minute}`, event_time: startMs + minute * minuteMs, card_id: 'c1', merchant_id: 'm1', amount: 100, ...values });

const hexOf = (values: ReadonlyMap<string, Uint8Array | undefined>): unknown => [...values].map(([key, bytes]) => [key, Buffer.from(bytes ?? []).toString('hex')]).sort();

function started(set: DefinitionSet): { stage: FeatureStage; lane: TestLane; decide: (values: Record<string, Value>, sourceName?: string) => EventItem } {
  const stage = new FeatureStage({ lane: 0 });
  const lane = new TestLane();
  stage.process([lane.definitions(set)]);
  return { stage, lane, decide: (values, sourceName) => { const item = lane.event(set, values, sourceName); stage.process([item]); return item; } };
}

describe('the feature stage', () => {
  it('lets an event see itself, and the next one see it', () => {
    const { decide } = started(setOf(source, card, counting));
    expect(features(decide(payment(0, { status: 'ok' })))).toEqual({ n_1h: 1, n_30d: 1, total: 100, last_status: 'ok', share: 1 });
    expect(features(decide(payment(90, { amount: 50 })))).toEqual({ n_1h: 1, n_30d: 2, total: 150, last_status: null, share: 0.5 });
  });

  it('keeps entities apart, joins keys of several fields safely, and knows no entity of a null key', () => {
    const { decide } = started(setOf(source, card, pair, counting, view('pairs', [{ name: 'p', agg: 'count' }], { entity: 'pair' })));
    decide(payment(0, { card_id: 'a|b', merchant_id: 'c' }));
    expect(features(decide(payment(1, { card_id: 'a', merchant_id: 'b|c' })))['p']).toBe(1);
    const withoutCard = decide(payment(2, { card_id: null }));
    expect(features(withoutCard)['n_1h']).toBeNull();
    expect(statuses(withoutCard)['n_1h']).toBe('NOT_FOUND');
  });

  it('shows features of another source to the decided one, and gives undecided events no vector', () => {
    const { decide } = started(setOf(source, logins, card, counting, { kind: 'FeatureView', name: 'login_use', entity: 'card', source: 'logins', features: [{ name: 'failed', agg: 'count', where: 'tx.ok == false', windows: ['1h'] }] }));
    expect(decide({ login_id: 'l1', at: startMs, card_id: 'c1', ok: false }, 'logins').vector).toBeUndefined();
    expect(features(decide(payment(1)))['failed_1h']).toBe(1);
    expect(features(decide(payment(61)))['failed_1h']).toBe(0);
  });

  it('brings profile rows as in force at the event, newest version winning', () => {
    const table = { kind: 'Table', name: 'customers', key: 'customer_id', fields: { customer_id: 'string!', level: 'string' } };
    const set = setOf(source, card, table, view('gold', [{ name: 'gold_n', agg: 'count' }], { where: 'profile.customers.level == "gold"' }));
    const { stage, lane, decide } = started(set);
    const put = (level: string, version: number | null): void => { stage.process([lane.table({ op: 'put', table: 'customers', key: 'u1', row: { customer_id: 'u1', level }, version })]); };
    expect(statuses(decide(payment(0, { customer_id: 'u1' })))['gold_n']).toBe('NOT_FOUND');
    put('gold', 5);
    put('basic', 4);
    const second = decide(payment(1, { customer_id: 'u1' }));
    expect(features(second)['gold_n']).toBe(1);
    expect(second.profiles?.get('customers')).toEqual({ customer_id: 'u1', level: 'gold' });
    stage.process([lane.table({ op: 'remove', table: 'customers', key: 'u1', version: 6 })]);
    expect(decide(payment(2, { customer_id: 'u1' })).profiles).toBeUndefined();
  });

  it('warms a view that is applied midway, and lets one that means the same go on', async () => {
    const first = setOf(source, card, counting);
    const { stage, lane } = started(first);
    const decide = (set: DefinitionSet, minute: number): EventItem => { const item = lane.event(set, payment(minute)); stage.process([item]); return item; };
    decide(first, 0);
    const more = setOf(source, card, { ...counting, description: 'says more, means the same' }, view('fresh', [{ name: 'f', agg: 'count', windows: ['10m'] }, { name: 'life', agg: 'count' }]));
    stage.process([lane.definitions(more)]);
    const second = decide(more, 5);
    expect(features(second)).toMatchObject({ n_1h: 2, f_10m: 1, life: 1 });
    expect(statuses(second)).toMatchObject({ n_1h: 'PRESENT', f_10m: 'WARMING', life: 'WARMING' });
    const third = decide(more, 11);
    expect(statuses(third)).toMatchObject({ f_10m: 'PRESENT', life: 'WARMING' });
    expect(stage.read({ entityType: 'card', key: 'c1', atMs: startMs + 11 * minuteMs })?.since).toEqual({ life: startMs + 1 });

    const store = new MemoryState();
    store.take(stage.takeChanges());
    const after = new FeatureStage({ lane: 0 });
    await after.restore(store);
    const fourth = lane.event(more, payment(12));
    after.process([fourth]);
    expect(features(fourth)).toMatchObject({ n_1h: 4, f_10m: 3, life: 3 });
    expect(statuses(fourth)).toMatchObject({ n_1h: 'PRESENT', life: 'WARMING' });
  });

  it('begins anew when a view changes its meaning or comes back', async () => {
    const narrow = setOf(source, card, view('velocity', [{ name: 'n', agg: 'count' }], { where: 'tx.amount > 50' }));
    const { stage, lane } = started(setOf(source, card, counting));
    const store = new MemoryState();
    const all = setOf(source, card, counting);
    stage.process([lane.event(all, payment(0))]);
    store.take(stage.takeChanges());
    await stage.restore(store);
    stage.process([lane.definitions(narrow), lane.event(narrow, payment(1)), lane.definitions(all)]);
    const back = lane.event(all, payment(2));
    stage.process([back]);
    expect(features(back)['n_30d']).toBe(1);
    expect(statuses(back)['n_30d']).toBe('WARMING');
  });

  it('answers reads as of a time without an event, and changes nothing by it', () => {
    const { stage, decide } = started(setOf(source, card, counting, { kind: 'FeatureService', name: 's', features: ['velocity:total', 'velocity:n_1h'] }));
    decide(payment(0));
    [...stage.takeChanges()];
    const read = (atMs: number, key = 'c1'): ReturnType<FeatureStage['read']> => stage.read({ entityType: 'card', key, atMs, service: 's' });
    expect(read(startMs + 59 * minuteMs)).toMatchObject({ features: { total: 100, n_1h: 1 }, event_times: { total: startMs } });
    expect(Object.keys(read(startMs)?.features ?? {})).toEqual(['total', 'n_1h']);
    expect(read(startMs + 60 * minuteMs)?.features).toEqual({ total: 100, n_1h: 0 });
    expect(read(startMs, 'stranger')).toMatchObject({ features: { total: null }, statuses: { total: 'NOT_FOUND' }, event_times: { total: null } });
    expect(() => stage.read({ entityType: 'ship', key: 'c1', atMs: startMs })).toThrow(/no entity ship/);
    expect([...stage.takeChanges()]).toEqual([]);
  });

  it('simulates what would be decided, and nothing changes', () => {
    const set = setOf(source, card, counting);
    const { stage, lane, decide } = started(set);
    decide(payment(0));
    [...stage.takeChanges()];
    const asked = new TestLane().event(set, payment(1));
    expect(features(stage.simulate(asked))['n_1h']).toBe(2);
    expect(features(stage.simulate(asked))['n_1h']).toBe(2);
    expect([...stage.takeChanges()]).toEqual([]);
    expect(features(decide(payment(1)))['n_1h']).toBe(2);
    expect(lane.lane).toBe(0);
  });

  it('merges shards of other lanes, a lower lane being the earlier one', () => {
    const set = setOf(source, card, counting);
    const other = new FeatureStage({ lane: 0 });
    const lower = new TestLane(0);
    other.process([lower.definitions(set), lower.event(set, payment(0, { status: 'zero' })), lower.event(set, payment(5, { status: 'zero' }))]);
    const shards = new Map(other.takeChanges());
    const stage = new FeatureStage({ lane: 1, foreign: { lanes: [0], begin: () => [2, -1], shard: (_, key) => shards.get(key), now: (_, key) => shards.get(key) } });
    const lane = new TestLane(1);
    const item = lane.event(set, payment(5, { status: 'one' }));
    stage.process([lane.definitions(set), item]);
    expect(features(item)).toMatchObject({ n_1h: 3, total: 300, last_status: 'one' });
    expect(item.positions).toEqual([2, -1]);
    // The lower lane's decision at the same time does not see the higher lane's event: it comes after it.
    const mine = new Map(stage.takeChanges());
    const reader = new FeatureStage({ lane: 0, foreign: { lanes: [1], begin: () => [-1, 1], shard: (_, key) => mine.get(key), now: (_, key) => mine.get(key) } });
    const again = new TestLane(0);
    const late = again.event(set, payment(5, { status: 'zero' }));
    reader.process([again.definitions(set), late]);
    expect(features(late)).toMatchObject({ n_1h: 1, last_status: 'zero' });
  });
});

describe('the state of the feature stage', () => {
  const set = setOf(source, card, pair, counting,
    view('spread', [{ name: 'merchants', agg: 'distinct', of: 'merchant_id', windows: ['10m', '1h'] }, { name: 'top', agg: 'top_k', of: 'merchant_id', k: 2, windows: ['1h'] }, { name: 'p90', agg: 'p90', of: 'amount', windows: ['1h'] }, { name: 'sd', agg: 'stddev', of: 'amount', windows: ['10m'] }, { name: 'visit', agg: 'count', window: { kind: 'session', gap: '2m' } }, { name: 'heat', agg: 'decay_sum', of: 'amount', half_life: '5m' }], { ttl: '30m' }),
    view('pairs', [{ name: 'p', agg: 'count', windows: ['1h'] }], { entity: 'pair' }));
  const table = { kind: 'Table', name: 'customers', key: 'customer_id', fields: { customer_id: 'string!', level: 'string' } };
  const second = setOf(source, card, pair, table, counting, view('more', [{ name: 'x', agg: 'max', of: 'amount', windows: ['5m'] }]));

  function randomLog(random: SeededRandom): { items: () => LaneItem[]; count: number } {
    const made = Array.from({ length: 900 }, (_, index): Record<string, Value> => payment(0, {
      transaction_id: `t${index}`, event_time: startMs + index * random.pick([100, 2_000, 4_000]) - random.pick([0, 0, 30_000]), card_id: random.pick(['c1', 'c1', 'c1', `c${random.int(2, 9)}`, null]),
      merchant_id: `m${random.int(1, 30)}`, amount: random.int(-500, 100_000), status: random.pick(['ok', 'no', null]), customer_id: 'u1',
    }));
    const items = (): LaneItem[] => {
      const lane = new TestLane();
      return [lane.definitions(set), ...made.slice(0, 700).map((values) => lane.event(set, values)), lane.definitions(second), lane.table({ op: 'put', table: 'customers', key: 'u1', row: { customer_id: 'u1', level: 'gold' }, version: null }), ...made.slice(700).map((values) => lane.event(second, values))];
    };
    return { items, count: made.length + 3 };
  }

  const decided = (items: readonly LaneItem[]): unknown[] => items.filter(isEvent).map((item) => (item.vector === undefined ? null : { ...vectorToRecord(item.vector), profiles: [...(item.profiles ?? [])] }));

  it('is the same bytes, and decides the same, however the log is cut and wherever it crashes', async () => {
    await forSeedsAsync(3, async (random) => {
      const log = randomLog(random);
      const whole = log.items();
      const stage = new FeatureStage({ lane: 0 });
      stage.process(whole);
      const expected = new MemoryState();
      expected.take(stage.takeChanges());

      const store = new MemoryState();
      const cut = log.items();
      let running = new FeatureStage({ lane: 0, hotStatesMax: 1 });
      await running.restore(store);
      for (let from = 0; from < cut.length;) {
        const until = from + random.int(1, 40);
        running.process(cut.slice(from, until));
        if (random.chance(0.2)) {
          // Lost before it was written: restored, and the same records come again.
          running = new FeatureStage({ lane: 0, hotStatesMax: 1 });
          await running.restore(store);
          continue;
        }
        store.take(running.takeChanges());
        from = until;
      }
      expect(JSON.stringify(decided(cut))).toBe(JSON.stringify(decided(whole)));
      const differing = [...expected.values].filter(([key, bytes]) => Buffer.compare(store.values.get(key) ?? new Uint8Array(), bytes) !== 0).map(([key]) => key);
      expect(differing).toEqual([]);
    });
  });

  it('writes its state of the moment it was asked, however much is processed before that is read', () => {
    forSeeds(4, (random) => {
      const log = randomLog(random), at = random.int(100, 800), [eager, lazy] = [new FeatureStage({ lane: 0 }), new FeatureStage({ lane: 0, hotStatesMax: 1 })];
      const stored = new MemoryState();
      void lazy.restore(stored);
      const first = log.items(), again = log.items();
      eager.process(first.slice(0, at));
      lazy.process(again.slice(0, at));
      const expected = new Map(eager.takeChanges()), changes = lazy.takeChanges()[Symbol.iterator]();
      for (let from = at; from < again.length; from += 3) {
        lazy.process(again.slice(from, from + 3));
        const change = changes.next();
        if (change.done !== true) stored.take([change.value]);
      }
      for (let change = changes.next(); change.done !== true; change = changes.next()) stored.take([change.value]);
      expect(hexOf(stored.values)).toEqual(hexOf(expected));
      eager.process(first.slice(at));
      expect(decided(again)).toEqual(decided(first));
      expect(hexOf(new Map(lazy.takeChanges()))).toEqual(hexOf(new Map(eager.takeChanges())));
    });
  });

  it('takes a record that comes again for what it is: no second effect', async () => {
    const lane = new TestLane();
    const stage = new FeatureStage({ lane: 0 });
    const item = lane.event(set, payment(0));
    stage.process([lane.definitions(set), item, { ...item }]);
    expect(stage.read({ entityType: 'card', key: 'c1', atMs: startMs, views: ['velocity'] })?.features['n_30d']).toBe(1);
    expect(featureStatuses).toContain('PRESENT');
  });
});
