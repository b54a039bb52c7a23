import { documentsFromJson, resolveSet } from '@weir/definitions';
import { forSeeds } from '@weir/testkit';
import type { StreamEvent, Value } from '@weir/contracts';
import { answeredRow, AnswerText, pointInTime, type PointInTimeRow } from '../src';

const set = resolveSet(documentsFromJson([
  { kind: 'Source', name: 'transactions', id: 'id', time: 'at', decide: true, fields: { id: 'string!', card: 'string', shop: 'string', amount: 'number', ok: 'bool', note: 'string' } },
  { kind: 'Entity', name: 'card', key: 'card' }, { kind: 'Entity', name: 'shop', key: 'shop' },
  { kind: 'FeatureView', name: 'v', entity: 'card', source: 'transactions', ttl: '1h', features: [
    { name: 'n', agg: 'count', windows: ['5m'] }, { name: 'mean', agg: 'avg', of: 'amount', windows: ['1h'] }, { name: 'notes', agg: 'last_n', of: 'note', n: 3 }, { name: 'by', agg: 'counts_by', of: 'note', k: 2 }, { name: 'ok', agg: 'last', of: 'ok' }, { name: 'is', expr: 'n_5m > 2' },
  ] },
  { kind: 'FeatureView', name: 'w', entity: 'shop', source: 'transactions', features: [{ name: 'n', agg: 'count', windows: ['5m'] }, { name: 'last_note', agg: 'last', of: 'note' }] },
]));

it.each([undefined, new Set(['v.mean', 'w.n_5m'])])('an answer as text is the JSON of the answer (wanted: %s)', (wanted) => {
  forSeeds(5, (random) => {
    let atMs = Date.UTC(2026, 0, 1);
    const key = (name: string): Value => (random.chance(0.1) ? null : `${name}${random.int(1, 3)}`);
    const events = Array.from({ length: 60 }, (_, index): StreamEvent => {
      const byName: Record<string, Value> = { id: `t${index}`, card: key('c'), shop: key('s'), amount: random.pick([1.5, -0, 1e21, 1e-7, null]), ok: random.pick([true, false, null]), note: random.pick(['a', '"quoted"', 'ü\u2028', null]) };
      atMs += random.int(0, 90_000);
      return { source: 'transactions', id: `t${index}`, timeMs: atMs, reportedTimeMs: atMs, receivedAtMs: atMs, values: (set.sources.get('transactions')?.fields ?? []).map(({ name }) => byName[name] ?? null), marks: [], extra: undefined };
    });
    const rows = Array.from({ length: 40 }, (): PointInTimeRow => ({ keys: { card: key('c'), ...(random.chance(0.5) ? { shop: key('s') } : {}) }, timeMs: atMs - random.int(0, 7_200_000), eventIndex: -1 }));
    const texts = new AnswerText(wanted);
    let compared = 0;
    pointInTime(set, events, rows, { asKnown: false, asDecided: false }, (answer) => {
      const { features, statuses } = answeredRow(answer), names = answer.vector.layout;
      const isWanted = ([name]: readonly [string, unknown]): boolean => wanted === undefined || wanted.has(names.qualifiedNames[names.names.indexOf(name)] ?? '');
      expect(texts.of(answer)).toBe(JSON.stringify({ features: Object.fromEntries(Object.entries(features).filter(isWanted)), statuses: Object.fromEntries(Object.entries(statuses).filter(isWanted)) }));
      compared += 1;
    });
    expect(compared).toBe(40);
  });
});
