import { vectorToRecord, type StreamEvent, type Value } from '@weir/contracts';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import { forSeeds, type SeededRandom } from '@weir/testkit';
import { FeatureEngine, answerFeatureCase, compileFeatures, type EventContext, type KeyedStates } from '../src';
import type { KeyedState } from '@weir/windows';

const startMs = Date.UTC(2025, 0, 6, 12);
const documents = [
  { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true, fields: { transaction_id: 'string!', card_id: 'string', merchant_id: 'string', amount: 'money', status: 'string', lat: 'number', lon: 'number' } },
  { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Entity', name: 'pair', key: ['card_id', 'merchant_id'] },
  { kind: 'FeatureView', name: 'v', entity: 'card', source: 'transactions', ttl: '2h', features: [
    { name: 'n', agg: 'count', windows: ['5m', '1h'] }, { name: 'total', agg: 'sum', of: 'amount', windows: ['1h'] }, { name: 'prior', agg: 'count', windows: ['1h'], current: 'exclude' },
    { name: 'kinds', agg: 'distinct', of: 'merchant_id', windows: ['1h'] }, { name: 'last_status', agg: 'last', of: 'status' }, { name: 'idle', agg: 'since_last' }, { name: 'rows', agg: 'avg', of: 'amount', window: { last: 3 } },
    { name: 'visit', agg: 'count', window: { kind: 'session', gap: '3m' } }, { name: 'speed', agg: 'geo_speed', of: ['lat', 'lon'] }, { name: 'x', expr: 'zscore(tx.amount, rows, 10.0)' },
  ] },
  { kind: 'FeatureView', name: 'p', entity: 'pair', source: 'transactions', where: 'tx.status != "no"', features: [{ name: 'pair_n', agg: 'count' }] },
];
const set: DefinitionSet = resolveSet(documentsFromJson(documents));

function eventOf(values: Readonly<Record<string, Value>>, receivedAtMs?: number): StreamEvent {
  const timeMs = Number(values['event_time']);
  const fields = set.sources.get('transactions')?.fields ?? [];
  return { source: 'transactions', id: String(values['transaction_id']), timeMs, reportedTimeMs: timeMs, receivedAtMs: receivedAtMs ?? timeMs, values: fields.map((field) => values[field.name] ?? null), marks: [], extra: undefined };
}

function randomEvents(random: SeededRandom, count: number): StreamEvent[] {
  let clockMs = startMs;
  return Array.from({ length: count }, (_, index) => {
    clockMs += random.pick([0, 1_000, 40_000, 120_000]);
    const timeMs = clockMs - (random.chance(0.3) ? random.pick([1_000, 60_000, 1_200_000]) : 0);
    return eventOf({
      transaction_id: `t${index}`, event_time: timeMs, card_id: random.pick(['c1', 'c2', null]), merchant_id: random.pick(['m1', 'm2', 'm3']), amount: random.int(1, 999), status: random.pick(['ok', 'no', null]),
      lat: random.pick([48, 50, null]), lon: random.int(1, 9),
    }, clockMs);
  });
}

/** What the rows are worth when each is answered alone: only what it may see, applied in order, then read. */
function alone(events: readonly StreamEvent[], visible: (event: StreamEvent, index: number) => boolean, own: number): Record<string, unknown> {
  const states = new Map<string, KeyedState>();
  const keyed: KeyedStates = { find: (view, key) => states.get(`${view}/${key}`), add: (view, key, state) => { states.set(`${view}/${key}`, state); }, touch: () => undefined };
  const engine = new FeatureEngine(compileFeatures(set), keyed);
  const context: EventContext = { order: 0, profiles: undefined, horizonMs: () => -Infinity, sinceMs: () => -Infinity, wantsVector: true };
  const seen = events.map((event, index) => ({ event, index })).filter(({ event, index }) => index !== own && visible(event, index));
  let order = 0;
  for (const { event } of seen) engine.process(event, { ...context, order: order++ });
  const vector = engine.process(events[own] as StreamEvent, { ...context, order });
  return vector === undefined ? {} : { ...vectorToRecord(vector) };
}

const fieldOf = (event: StreamEvent, name: string): unknown => event.values[set.sources.get('transactions')?.slotByField.get(name) ?? -1];
const rowOf = (event: StreamEvent): Record<string, unknown> => ({ transaction_id: event.id, time: event.timeMs, card_id: fieldOf(event, 'card_id'), merchant_id: fieldOf(event, 'merchant_id') });
const shown = ({ features, statuses }: { features: unknown; statuses: unknown }): unknown => ({ features, statuses });

describe('point-in-time reads', () => {
  it('as decided equal what the stream would have served, late events included', () => {
    forSeeds(30, (random) => {
      const events = randomEvents(random, 40);
      // Some rows only: between them the sweep forgets what nobody asks for.
      const rows = random.shuffle(events.map(rowOf)).slice(0, random.int(1, 40));
      const answers = answerFeatureCase({ set, acceptedEvents: events, rows, asKnown: false, asDecided: true });
      answers.forEach((answer, position) => {
        const own = events.findIndex((event) => event.id === rows[position]?.['transaction_id']);
        expect(shown(answer)).toEqual(alone(events, (_, index) => index < own, own));
      });
    });
  });

  it('by event time see the whole log up to the event, and of its own time only what is earlier in the log', () => {
    forSeeds(10, (random) => {
      const events = randomEvents(random, 40);
      const answers = answerFeatureCase({ set, acceptedEvents: events, rows: events.map(rowOf), asKnown: false, asDecided: false });
      answers.forEach((answer, own) => {
        const { timeMs } = events[own] as StreamEvent;
        expect(shown(answer)).toEqual(alone(events, (event, index) => event.timeMs < timeMs || (event.timeMs === timeMs && index < own), own));
      });
    });
  });

  it('as known leave out what was received later, but never the row\'s own event', () => {
    forSeeds(10, (random) => {
      const events = randomEvents(random, 40);
      const answers = answerFeatureCase({ set, acceptedEvents: events, rows: events.map(rowOf), asKnown: true, asDecided: false });
      answers.forEach((answer, own) => {
        const { timeMs } = events[own] as StreamEvent;
        expect(shown(answer)).toEqual(alone(events, (event, index) => event.receivedAtMs <= timeMs && (event.timeMs < timeMs || (event.timeMs === timeMs && index < own)), own));
      });
    });
  });

  it('know a session exactly that a late event joins to one before it, where nothing asked for what is between', () => {
    const minutes = [...Array.from({ length: 101 }, (_, index) => index - 100), 5, 2.5, 7], events = minutes.map((minute, index) => eventOf({ transaction_id: `t${index}`, event_time: startMs + minute * 60_000, card_id: 'c1', merchant_id: 'm1', amount: 1, status: 'ok' }, startMs + Math.max(minute, minute === 2.5 ? 6 : 0) * 60_000));
    for (const [asKnown, asDecided] of [[false, true], [true, false], [false, false]] as const) {
      const [answer] = answerFeatureCase({ set, acceptedEvents: events, rows: [asKnown ? { card_id: 'c1', time: startMs + 420_000 } : rowOf(events.at(-1) as StreamEvent)], asKnown, asDecided });
      expect([answer?.features['visit'], answer?.statuses['visit']]).toEqual([104, 'PRESENT']);
    }
  });

  it('keep rows in their order, duplicates included, and answer only views whose key the row has', () => {
    const events = [eventOf({ transaction_id: 't1', event_time: startMs, card_id: 'c1', merchant_id: 'm1', amount: 5, status: 'ok' })];
    const rows = [{ card_id: 'c1', time: startMs + 1 }, { card_id: 'c1', time: startMs - 1 }, { card_id: 'c1', time: startMs + 1 }, { card_id: null, merchant_id: 'm1', time: '2025-01-06T12:00:00' }];
    const answers = answerFeatureCase({ set, acceptedEvents: events, rows, asKnown: false, asDecided: false });
    expect(answers.map((answer) => answer.features['n_1h'])).toEqual([1, null, 1, null]);
    expect(answers.map((answer) => answer.statuses['n_1h'])).toEqual(['PRESENT', 'NOT_FOUND', 'PRESENT', 'NOT_FOUND']);
    expect(answers.map((answer) => 'pair_n' in answer.features)).toEqual([false, false, false, true]);
    expect(answers[0]).toMatchObject({ card_id: 'c1', time: startMs + 1 });
  });

  it('hold a ttl to the ms', () => {
    const events = [eventOf({ transaction_id: 't1', event_time: startMs, card_id: 'c1', amount: 5 })];
    const rows = [{ card_id: 'c1', time: startMs + 7_200_000 }, { card_id: 'c1', time: startMs + 7_200_001 }];
    const answers = answerFeatureCase({ set, acceptedEvents: events, rows, asKnown: false, asDecided: false });
    expect(answers.map((answer) => answer.statuses['n_1h'])).toEqual(['PRESENT', 'OUTSIDE_MAX_AGE']);
  });
});
