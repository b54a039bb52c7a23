import { canonicalJson } from '@weir/definitions';
import type { Decision, PatternMatch, Value, Verdict } from '@weir/contracts';
import { forSeeds, type SeededRandom } from '@weir/testkit';
import { inputOf, programOf, rule, startMs } from '../../test/rule-set';
import type { DecisionProgram } from '../decide/decision-program';
import { ListStore } from '../lists/list-store';
import { Snoozes } from '../lists/snoozes';
import { DecisionCodec, layoutIdOf } from './decision-codec';
import { decisionLayoutOf, type DecisionLayout } from './decision-layout';
import { rerun, verdictOfRecord } from './rerun';
import { recordOfVerdict, verdictJson, type VerdictRecord } from './verdict-record';

const program = programOf(
  { kind: 'List', name: 'cards', of: 'card_id', effect: 'watch' }, { kind: 'List', name: 'nets', of: 'ip', match: 'cidr', effect: 'block' }, { kind: 'List', name: 'mails', of: 'email', match: 'email' },
  { kind: 'Table', name: 'merchants', key: 'merchant_id', fields: { merchant_id: 'string!', level: 'int' } },
  { kind: 'Pattern', name: 'p', key: 'card', pattern: [{ name: 'a', where: 'tx.n > 5' }], weight: 0.3, then: [{ tag: 'seen' }] }, { kind: 'Pattern', name: 'q', key: 'card', mode: 'shadow', pattern: [{ name: 'a', where: 'tx.n > 5' }] },
  { kind: 'FeatureService', name: 'vector', features: ['tx:v'] }, { kind: 'Model', name: 'm', file: 'm.onnx', features: 'vector', output: 'p', role: 'champion' }, { kind: 'Model', name: 'n', file: 'n.onnx', features: 'vector', output: 'p', role: 'shadow' },
  rule('mail', 'tx.email in lists.mails && !(tx.ip in lists.nets)', { weight: 0.12, outcome: 'review', then: [{ add_to_list: { list: 'cards', value: 'tx.card_id', ttl: '1h' } }, { add_to_list: { list: 'mails', value: 'tx.email' } }] }),
  rule('count', 'features.tx_count_1h > 3 || score > 0.5', { weight: 0.333, reason: 'Viele – ünïcode' }), rule('level', 'profile.merchants.level >= 2', { weight: 0.1, then: [{ alert: 'high' }] }),
  rule('seen', 'matches.p && tx.event_time.getHours() < 20'), rule('shade', 'matches.q || tx.ok', { mode: 'shadow' }),
  { kind: 'Policy', name: 'no', when: 'tx.country == "NO"', exploration: 0.5, bands: { review: 0.1, block: 0.9 } }, { kind: 'Policy', name: 'other', fallback: 'block' },
);

function randomVerdict(random: SeededRandom): Verdict {
  const maybe = (value: Value): Value => (random.chance(0.25) ? null : value);
  const lists = new ListStore(), snoozes = new Snoozes();
  lists.configure(program.set.lists);
  for (const [name, value] of [['cards', 'c1'], ['nets', '10.0.0.0/8'], ['mails', 'A@x.org']] as const) if (random.chance(0.5)) lists.put(name, value, { fromMs: -Infinity, untilMs: Infinity, by: '', reason: '' });
  if (random.chance(0.3)) snoozes.put({ rule: 'count', entity: 'card', key: 'c1', untilMs: Infinity, by: '' });
  const match = (pattern: string): PatternMatch => ({ pattern, version: 1, mode: 'live', kind: 'match', key: 'c1', events: { a: ['t0'] }, firstTimeMs: 0, lastTimeMs: 0, byEvent: true });
  const fields = {
    transaction_id: random.pick(['t1', 't-Ä-😀', 'x'.repeat(300)]), amount: maybe(random.int(-5, 10_000)), v: maybe(random.float() * 10 - 5), n: maybe(random.int(0, 9)), ok: maybe(random.chance(0.5)), country: maybe(random.pick(['NO', 'SE'])),
    ip: maybe(random.pick(['10.1.1.1', '11.1.1.1', 'no-ip'])), email: maybe(random.pick([' a@X.org', 'b@x.org'])), merchant_id: maybe('m1'), city: maybe(random.pick(['', 'Zürich', '\ud800'])),
  };
  const degraded = random.chance(0.2);
  return program.decide({
    ...inputOf(program, fields, { atMs: startMs + random.int(0, 86_400_000), features: { tx_count_1h: random.chance(0.3) ? null : random.int(0, 9), cities_24h: 2 } }),
    id: random.chance(0.9) ? `d-${random.int(0, 3)}-${random.int(0, 2 ** 40)}` : 'simulated', matches: ['p', 'q'].filter(() => random.chance(0.3)).map(match), profiles: random.chance(0.5) ? new Map([['merchants', { merchant_id: 'm1', level: random.int(0, 4) }]]) : undefined,
    positions: random.chance(0.2) ? [random.int(-1, 100), 7] : null, model: random.chance(0.8) ? { name: 'm', version: 1, p: degraded ? null : random.float() } : null, otherModels: random.chance(0.5) ? { n: random.chance(0.5) ? null : random.float() } : {},
    degradedWhy: degraded ? ['model m failed'] : [], lists, snoozes: snoozes.lookup(program.set, program.source),
  });
}

const restored = (verdict: Verdict, by: DecisionProgram): Verdict => {
  const layout = by.set.layoutBySource.get('transactions');
  if (!layout) throw new RangeError('no layout');
  return verdictOfRecord(JSON.parse(JSON.stringify(recordOfVerdict(verdict))) as VerdictRecord, layout);
};

describe('a decision’s record', () => {
  it('run again gives the same bytes, from the verdict, from its JSON, and from its stored form', () => {
    const codec = new DecisionCodec(decisionLayoutOf(program.set, program.source));
    forSeeds(120, (random) => {
      const verdict = randomVerdict(random), bytes = verdictJson(verdict);
      expect(bytes).toBe(canonicalJson(recordOfVerdict(verdict)));
      expect(verdictJson(rerun(verdict, program))).toBe(bytes);
      expect(verdictJson(rerun(restored(verdict, program), program))).toBe(bytes);
      const decision: Decision = { verdict, meta: { decided_at: 1_700_000_000_000.25, latency_ms: { total: 1.5, features: 0.25 }, trace_id: random.chance(0.5) ? null : 'abc' } };
      const stored = codec.encode(decision), read = codec.decode(stored);
      expect(verdictJson(read.verdict)).toBe(bytes);
      expect(read.meta).toEqual(decision.meta);
      expect(verdictJson(rerun(read.verdict, program))).toBe(bytes);
      expect([...codec.numbersOf(stored)]).toEqual([...read.verdict.vector.numbers]);
      expect(Buffer.compare(codec.encode(read), stored)).toBe(0);
    });
  });

  it('has canonical JSON: sorted names, features and statuses by name, nothing of the machine', () => {
    const record = JSON.parse(verdictJson(program.decide(inputOf(program, { amount: 5 }, { features: { tx_count_1h: 4 } })))) as Record<string, unknown>;
    expect(Object.keys(record)).toEqual(Object.keys(record).sort());
    expect(record).toMatchObject({ transaction_id: 't1', event_time: startMs, features: { tx_count_1h: 4, cities_24h: null }, statuses: { tx_count_1h: 'PRESENT', cities_24h: 'NOT_FOUND' }, tx: { amount: 5, card_id: 'c1', v: null }, set: program.set.id });
    expect(record).not.toHaveProperty('vector');
  });

  it('is stored as these bytes: others need another format', () => {
    const verdict = program.decide({ ...inputOf(program, { transaction_id: 't-Ä-😀', amount: 5, v: -0.5, n: 300, ok: true, city: '\ud800', email: 'b@x.org' }, { features: { tx_count_1h: 4 } }), positions: [-1, 200], model: { name: 'm', version: 1, p: 0.25 } });
    const bytes = new DecisionCodec(decisionLayoutOf(program.set, program.source)).encode({ verdict, meta: { decided_at: 1_700_000_000_000.25, latency_ms: { total: 1.5 }, trace_id: 'abc' } });
    expect(Buffer.from(bytes.subarray(9)).toString('hex')).toBe('18150000000a742dc3842df09f988000006074e0b87942000060f5da165d42066f7468657201070108000000010b020006636f756e742f5669656c6520e2809320c3bc6ec3af636f64653a2074785f636f756e745f316820697320342c2061626f766520332b8716d9cef7cf3f03026d16746865206d6f64656c2773207020697320302e3235f2d24d621058c53f000000000000000000000000d03f000000000000001040000000000000f87f0601050501036331010009225c7564383030220001086240782e6f726705808c9df0b833000005ac0203010a742dc3842df09f988002000000000000e0bf000200c90100048056febc784201046162630106746f74616c000000000000f83f'); // behind the format and the layout's id
  });

  it('needs its layout: stored once by its id, plain JSON, and another one is refused', () => {
    const layout = JSON.parse(JSON.stringify(decisionLayoutOf(program.set, program.source))) as DecisionLayout;
    const decision: Decision = { verdict: program.decide(inputOf(program, {})), meta: { decided_at: 0, latency_ms: {}, trace_id: null } };
    const bytes = new DecisionCodec(decisionLayoutOf(program.set, program.source)).encode(decision);
    expect(layoutIdOf(bytes)).toBe(layout.id);
    expect(verdictJson(new DecisionCodec(layout).decode(bytes).verdict)).toBe(verdictJson(decision.verdict));
    expect(verdictJson(new DecisionCodec(layout).decode(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)).verdict)).toBe(verdictJson(decision.verdict));
    const other = programOf(rule('x', 'true'));
    expect(() => new DecisionCodec(decisionLayoutOf(other.set, other.source)).decode(bytes)).toThrow(/layout/);
    expect(() => new DecisionCodec(layout).decode(bytes.subarray(0, 40))).toThrow();
  });
});
