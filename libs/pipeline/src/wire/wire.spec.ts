import { join } from 'node:path';
import { loadSync } from 'protobufjs';
import type { Decision, EventItem, FeatureLayout, FeatureVector, LaneItem, PatternMatch, Value } from '@weir/contracts';
import { forSeeds, type SeededRandom } from '@weir/testkit';
import { DecisionProto, ItemCodec } from './index';

const layout: FeatureLayout = { qualifiedNames: ['v.count', 'v.flag', 'v.top', 'v.place'], names: ['count', 'flag', 'top', 'place'], types: ['int', 'bool', 'list', 'string'], slotByName: new Map() };
const texts = ['', 'a', 'ß', '漢字', 'x'.repeat(127), 'y'.repeat(128), 'é'.repeat(70), '\ud800', 'half \udc00 pair', '\u0000', '🎉'] as const;
const numbers = [0, -0, 1, -1, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1, 0.1, -1e-300, 1.7976931348623157e308] as const;

const text = (random: SeededRandom): string => random.pick(texts);
const value = (random: SeededRandom): Value => (random.chance(0.2) ? null : random.chance(0.2) ? random.chance(0.5) : random.chance(0.5) ? random.pick(numbers) : text(random));
const many = <T>(random: SeededRandom, make: () => T): T[] => Array.from({ length: random.int(0, 3) }, make);

const vectorOf = (random: SeededRandom): FeatureVector => ({
  layout, numbers: Float64Array.from([random.chance(0.3) ? Number.NaN : random.pick(numbers), random.chance(0.3) ? Number.NaN : random.int(0, 1), Number.NaN, Number.NaN]),
  others: [undefined, undefined, random.chance(0.3) ? undefined : many(random, () => text(random)), random.chance(0.3) ? undefined : text(random)], statuses: Uint8Array.from([random.int(0, 6), 6, 5, 0]),
});

const withMore = (match: PatternMatch): PatternMatch => ({ ...match, ...(match.kind === 'limit' ? { limit: { name: 'runs', max: 5, dropped: 2 } } : {}), ...(match.kind === 'late' ? { lateByMs: 7 } : {}) });

function itemOf(random: SeededRandom): LaneItem {
  const time = { clockMs: random.chance(0.2) ? -Infinity : random.int(0, 1e9), watermarkMsBySource: new Map(random.chance(0.3) ? [] : [['transactions', random.int(-1e6, 1e12)], ['labels', random.int(0, 1e12)]]) };
  const matches = many(random, () => withMore({ pattern: text(random), version: random.int(0, 200), mode: random.pick(['live', 'shadow'] as const), kind: random.pick(['match', 'timeout', 'limit', 'late'] as const), key: text(random), events: { a: many(random, () => text(random)) }, firstTimeMs: random.int(0, 1e12), lastTimeMs: -1, byEvent: random.chance(0.5) }));
  const base = { lane: 3, offset: random.int(0, 1e12), receivedAtMs: random.int(-1e6, 1e12), time, matches };
  switch (random.int(0, 6)) {
    case 0: return { ...base, kind: 'definitions', setId: 'abc', json: '{"a":"ß"}' };
    case 1: return { ...base, kind: 'list', listChanges: [{ op: 'remove', list: 'l', value: text(random), by: 'me' }] };
    case 2: return { ...base, kind: 'table', tableChanges: [{ op: 'put', table: 't', key: 'k', row: { a: 1, b: null }, version: null }] };
    case 3: return { ...base, kind: random.pick(['tick', 'skipped'] as const) };
    default: return eventOf(random, base);
  }
}

const eventOf = (random: SeededRandom, base: Pick<EventItem, 'lane' | 'offset' | 'receivedAtMs' | 'time' | 'matches'>): EventItem => ({
  ...base, kind: 'event', decide: random.chance(0.5), late: random.chance(0.5), replyTo: random.chance(0.5) ? undefined : text(random), patternsKeyed: many(random, () => text(random)), verdict: undefined,
  event: { source: 'transactions', id: text(random), timeMs: random.int(-1e12, 1e12), reportedTimeMs: random.int(0, 1e12), receivedAtMs: base.receivedAtMs, values: many(random, () => value(random)), marks: many(random, () => text(random)), extra: random.chance(0.5) ? undefined : { more: { deep: [1, null] } } },
  vector: random.chance(0.3) ? undefined : vectorOf(random), profiles: random.chance(0.5) ? undefined : new Map([['customers', { level: text(random), age: 3 }]]), positions: random.chance(0.5) ? undefined : [-1, 0, 2 ** 40],
});

const decisionOf = (random: SeededRandom): Decision => ({
  verdict: {
    id: 'd-0-7', transaction_id: text(random), event_time: random.int(-1e12, 1e12), outcome: random.pick(['approve', 'review', 'block'] as const), score: 0.12, risk_score: 12, decided_by: random.pick(['score', 'hard_list', 'fallback'] as const), overruled: random.chance(0.5) ? [] : ['score', 'review_rule'],
    reasons: many(random, () => ({ kind: random.pick(['rule', 'degraded'] as const), name: text(random), text: text(random), contribution: random.pick(numbers) })), rules: many(random, () => text(random)), patterns: many(random, () => text(random)),
    matches: many(random, () => ({ pattern: 'p', version: 2, events: { a: many(random, () => text(random)), b: [] } })), unknown: many(random, () => text(random)), shadow: [], lists: many(random, () => text(random)),
    list_changes: many(random, () => ({ list: 'l', value: text(random), until: random.chance(0.5) ? null : random.int(-5_000, 1e12) })), tags: many(random, () => text(random)), marks: many(random, () => text(random)), snoozed: many(random, () => text(random)),
    lists_read: many(random, () => ['l', text(random)] as const), explored: random.chance(0.5), alert: random.chance(0.5), policy: 'default', model: random.chance(0.5) ? null : { name: 'm', version: 1, p: random.chance(0.5) ? null : 0.5 },
    other_models: { a: 0.25, b: null }, vector: vectorOf(random), tx: { a: value(random), b: { c: [value(random)] } }, profiles: { customers: { level: text(random) } }, set: 's', source: 'transactions', positions: random.chance(0.5) ? null : [-1, 5, 2 ** 45],
    degraded: random.chance(0.5), degraded_why: many(random, () => text(random)),
  },
  meta: { decided_at: random.int(0, 2e12), latency_ms: { scoring: 0.5, total: 3 }, trace_id: random.chance(0.5) ? null : 'abc' },
});

const schemas = (() => {
  const folder = join(__dirname, '../../../contracts/proto');
  const root = loadSync([join(folder, 'weir/v1/lane_item.proto')]);
  return { item: root.lookupType('weir.v1.LaneItem') };
})();

describe('An item between two services', () => {
  it('comes out as it went in', () => {
    const writing = new ItemCodec(), reading = new ItemCodec();
    forSeeds(300, (random) => {
      const item = itemOf(random);
      const read = reading.decode(item, writing.encode(item, 1_234), () => layout);
      expect(read?.item).toEqual(item);
      expect(read?.appendedAtMs).toBe(1_234);
    });
  });

  it('is what the schema says', () => {
    forSeeds(50, (random) => {
      const item = itemOf(random), message = schemas.item.toObject(schemas.item.decode(new ItemCodec().encode(item, 5)), { longs: Number, enums: String }) as Record<string, unknown>;
      expect([message['kind'] ?? 'EVENT', message['receivedAtMs'], message['appendedAtMs']]).toEqual([item.kind.toUpperCase(), item.receivedAtMs, 5]);
      if (item.kind === 'event' && item.event.values.some((each) => typeof each === 'number')) expect(message['values']).toHaveLength(item.event.values.length);
    });
  });

  it('shares the time of the items before it until that changes', () => {
    const codec = new ItemCodec(), reading = new ItemCodec(), tick = (clockMs: number): LaneItem => ({ kind: 'tick', lane: 0, offset: 0, receivedAtMs: 0, time: { clockMs, watermarkMsBySource: new Map([['a', 1]]) }, matches: [] });
    const [first, second, third] = [5, 5, 6].map((clockMs) => reading.decode({ lane: 0, offset: 0 }, codec.encode(tick(clockMs), 0), () => layout)?.item.time);
    expect([first === second, second === third]).toEqual([true, false]);
  });

  it('is refused where it is cut off, of an unknown kind, or has a vector of another set', () => {
    const codec = new ItemCodec();
    forSeeds(50, (random) => {
      const item = eventOf(random, { lane: 0, offset: 1, receivedAtMs: 5, time: { clockMs: 1, watermarkMsBySource: new Map() }, matches: [] }), bytes = codec.encode({ ...item, vector: vectorOf(random) }, 0);
      expect(() => new ItemCodec().decode(item, bytes.subarray(0, bytes.length - 1), () => layout)).toThrow();
      expect(() => new ItemCodec().decode(item, bytes, () => undefined)).toThrow(/does not know/);
      expect(() => new ItemCodec().decode(item, bytes, () => ({ ...layout, names: ['a'] }))).toThrow(/features/);
    });
    expect(() => codec.decode({ lane: 0, offset: 0 }, Uint8Array.of(8, 99), () => layout)).toThrow(/kind 99/);
  });
});

describe('A decision in its topic', () => {
  it('comes out as it went in', () => {
    const proto = new DecisionProto();
    forSeeds(300, (random) => {
      const decision = decisionOf(random), bytes = proto.encode(decision);
      expect(proto.head(bytes)).toEqual({ set: 's', source: 'transactions' });
      expect(proto.decode(bytes, () => layout)).toEqual(decision);
    });
  });

  it('cannot be read without its set', () => {
    forSeeds(1, (random) => { expect(new DecisionProto().decode(new DecisionProto().encode(decisionOf(random)), () => undefined)).toBeUndefined(); });
  });
});
