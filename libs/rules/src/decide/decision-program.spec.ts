import type { Verdict } from '@weir/contracts';
import { documentsFromJson, resolveSet } from '@weir/definitions';
import { baseDocuments, inputOf, programOf, rule, startMs, type Fields } from '../../test/rule-set';
import { ListStore } from '../lists/list-store';
import { rerun } from '../record/rerun';
import { verdictJson } from '../record/verdict-record';
import { Snoozes } from '../lists/snoozes';
import type { DecisionInput } from './decision-input';
import { compileDecisionProgram, type DecisionProgram } from './decision-program';

const list = (name: string, effect: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ kind: 'List', name, of: 'card_id', effect, ...more });
const policy = (name: string, more: Record<string, unknown>): Record<string, unknown> => ({ kind: 'Policy', name, ...more });
const decide = (program: DecisionProgram, fields: Fields = {}, more: Parameters<typeof inputOf>[2] = {}): Verdict => program.decide(inputOf(program, fields, more));
const listed = (program: DecisionProgram, ...names: string[]): ListStore => {
  const lists = new ListStore();
  lists.configure(program.set.lists);
  for (const name of names) lists.put(name, 'c1', { fromMs: -Infinity, untilMs: Infinity, by: '', reason: '' });
  return lists;
};
const match = (pattern: string, mode: 'live' | 'shadow' = 'live'): DecisionInput['matches'][number] => ({ pattern, version: 1, mode, kind: 'match', key: 'c1', events: { a: ['t0', 't1'] }, firstTimeMs: 0, lastTimeMs: 1, byEvent: true });
const pattern = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ kind: 'Pattern', name, key: 'card', pattern: [{ name: 'a', where: 'tx.n > 5' }], ...more });

describe('a decision', () => {
  it('combines the model and the rules that fired', () => {
    const verdict = decide(programOf(rule('w', 'tx.amount > 10', { weight: 0.5 }), rule('big', 'tx.amount > 100', { outcome: 'block' })), { amount: 11 }, { model: { name: 'm', version: 3, p: 0.5 } });
    expect(verdict).toMatchObject({ score: 0.75, risk_score: 75, outcome: 'review', decided_by: 'score', rules: ['w'], model: { name: 'm', version: 3, p: 0.5 } });
  });

  it.each([
    [{}, 'review', ['k', 'u']], [{ amount: 1 }, 'approve', ['u']], [{ v: 0 }, 'approve', ['k']],
  ] as const)('on %j, with one or two rules unknown: %s, and unknown are %j', (fields, outcome, unknown) => {
    const verdict = decide(programOf(rule('u', 'tx.v > 1.0', { weight: 0.9 }), rule('k', 'tx.amount > 10')), fields);
    expect([verdict.outcome, verdict.unknown]).toEqual([outcome, unknown]);
  });

  it('falls back, and says NO_VERDICT, when nothing could be evaluated', () => {
    const verdict = decide(programOf(rule('u', 'tx.v > 1.0'), policy('p', { fallback: 'block' })));
    expect(verdict).toMatchObject({ outcome: 'block', decided_by: 'fallback', score: 0, overruled: [], alert: false, policy: 'p', reasons: [{ kind: 'fallback', name: 'NO_VERDICT', contribution: 0 }] });
  });

  it.each([
    ['a rule out of force', [rule('r', 'true', { valid_from: startMs + 1 })], 'fallback'], ['a rule just in force', [rule('r', 'true', { valid_from: startMs })], 'score'], ['a rule just out of force', [rule('r', 'true', { valid_to: startMs })], 'fallback'],
    ['a shadow rule', [rule('r', 'true', { mode: 'shadow' })], 'fallback'], ['a rule that is off', [rule('r', 'true', { mode: 'off' })], 'fallback'], ['a pattern whose key is there', [pattern('p')], 'score'],
    ['a pattern whose key is missing', [pattern('p', { key: 'merchant' })], 'fallback'], ['a shadow pattern', [pattern('p', { mode: 'shadow' })], 'fallback'],
  ])('counts as evaluated or not: %s', (_, documents, decidedBy) => {
    expect(decide(programOf(...documents)).decided_by).toBe(decidedBy);
  });

  it('is evaluated by an answer of the model, but not by its silence, which a rule on `score` sees as missing', () => {
    const program = programOf(rule('low', 'score <= 0.9'));
    const model = { name: 'm', version: 1 };
    expect(decide(program, {}, { model: { ...model, p: 0.2 } })).toMatchObject({ decided_by: 'score', score: 0.2, rules: ['low'] });
    expect(decide(program, {}, { model: { ...model, p: null } })).toMatchObject({ decided_by: 'fallback', unknown: ['low'], degraded: false });
    expect(decide(program, {}, { model: null })).toMatchObject({ decided_by: 'score', rules: ['low'] });
  });

  it('asks every list with an effect, and lets the strongest decide', () => {
    const program = programOf(list('h', 'hard'), list('a', 'allow'), list('b', 'block'), list('w', 'watch'), list('n', 'none'), rule('r', 'tx.card_id in lists.n', { weight: 0.9 }));
    const outcomes = [['w'], ['w', 'b'], ['w', 'b', 'a'], ['w', 'b', 'a', 'h']].map((names) => decide(program, {}, { lists: listed(program, ...names) }));
    expect(outcomes.map(({ outcome, decided_by, overruled }) => [outcome, decided_by, overruled])).toEqual([
      ['review', 'watch_list', ['score']], ['block', 'block_list', ['score', 'watch_list']], ['approve', 'allow_list', ['block_list', 'watch_list']], ['block', 'hard_list', ['allow_list', 'score', 'watch_list']],
    ]);
    expect(decide(program, {}, { lists: listed(program, 'n') })).toMatchObject({ lists: [], rules: ['r'], lists_read: [['n', 'c1']], outcome: 'block' });
  });

  it('reports what its actions add, the value as computed, also twice; an unknown value adds nothing, a shadow rule neither', () => {
    const add = (name: string, value: string, ttl?: string): Record<string, unknown> => ({ add_to_list: { list: name, value, ...(ttl ? { ttl } : {}) } });
    const program = programOf(
      list('l', 'watch', { ttl: '1s' }), list('m', 'none'),
      rule('a', 'true', { then: [add('l', 'tx.card_id'), add('l', '"x-" + tx.ip', '2s'), add('m', 'tx.email')] }), rule('b', 'true', { then: [add('l', 'tx.card_id'), add('m', 'tx.city')] }), rule('s', 'true', { mode: 'shadow', then: [add('m', 'tx.card_id')] }),
    );
    expect(decide(program, { ip: '1.1.1.1', city: ' Oslo ' }).list_changes).toEqual([
      { list: 'l', value: 'c1', until: startMs + 1_000 }, { list: 'l', value: 'x-1.1.1.1', until: startMs + 2_000 }, { list: 'l', value: 'c1', until: startMs + 1_000 }, { list: 'm', value: ' Oslo ', until: null },
    ]);
  });

  it('lets patterns weigh, ask and act as rules do, once each, and only live ones be seen by live rules', () => {
    const program = programOf(pattern('p', { weight: 0.4, outcome: 'block', reason: 'two' }), pattern('q', { mode: 'shadow' }), rule('r', 'matches.p', { weight: 0.5 }), rule('s', 'matches.q'), rule('t', 'matches.q', { mode: 'shadow' }));
    const verdict = decide(program, {}, { matches: [match('p'), match('p'), match('q', 'shadow'), { ...match('p'), byEvent: false }] });
    expect(verdict).toMatchObject({ patterns: ['p'], rules: ['r'], shadow: ['q', 't'], score: 0.7, outcome: 'block', decided_by: 'block_rule' });
    expect(verdict.matches).toHaveLength(3);
    expect(verdict.reasons.map(({ text }) => text)).toEqual(['r: pattern p matched', 'two: a t0, t1']);
  });

  it('raises an alert above the policy’s limit, whatever the outcome, and when a rule asks for one', () => {
    const program = programOf(rule('w', 'tx.amount > 10', { weight: 0.9 }), rule('ok', 'tx.ok', { outcome: 'approve' }), rule('told', 'tx.n == 1', { then: [{ alert: 'high' }, { tag: 'b' }, { tag: 'a' }] }));
    expect(decide(program, { amount: 11, ok: true })).toMatchObject({ outcome: 'approve', alert: true });
    expect(decide(program, { amount: 1, n: 1 })).toMatchObject({ outcome: 'approve', alert: true, tags: ['a', 'b'] });
    expect(decide(program, { amount: 1, n: 2 }).alert).toBe(false);
  });

  it.each([
    ['NO', 5, 'b'], ['SE', 5, 'a'], ['SE', 1, 'y'], [null, null, 'y'],
  ] as const)('takes the first policy by order, then name, whose `when` is true: country %s and n %s take %s', (country, n, name) => {
    const program = programOf(policy('a', { when: 'tx.n > 3' }), policy('b', { when: 'tx.country == "NO"', order: -1 }), policy('c', { when: 'tx.n > 3' }), policy('y', { order: 5 }), policy('z', { order: 9 }), rule('r', 'true'));
    expect(decide(program, { country, n }).policy).toBe(name);
  });

  it('puts its own bands in place of the default ones', () => {
    const program = programOf(policy('p', { bands: { review: 0.1, block: 0.2 } }), rule('w', 'true', { weight: 0.2 }), rule('x', 'tx.ok', { weight: 0.000_000_001 }));
    expect([decide(program).outcome, decide(program, { ok: true }).outcome]).toEqual(['review', 'block']);
  });

  it.each([
    ['fallback', 'review', {}, 'review', 'fallback', ['score']], ['fallback', 'approve', {}, 'approve', 'score', []], ['continue', 'block', {}, 'approve', 'score', []],
    ['fallback', 'review', { ok: true }, 'approve', 'approve_rule', []], ['fallback', 'block', { n: 1 }, 'block', 'block_rule', ['score']], ['fallback', 'review', { n: 1 }, 'block', 'block_rule', ['score']],
  ] as const)('degraded, with on_degraded %s and fallback %s, on %j: %s by %s, overruling %j', (onDegraded, fallback, fields, outcome, decidedBy, overruled) => {
    const program = programOf(policy('p', { on_degraded: onDegraded, fallback }), rule('a', 'tx.ok', { outcome: 'approve' }), rule('b', 'tx.n == 1', { outcome: 'block' }), rule('k', 'true'));
    const verdict = decide(program, fields, { model: { name: 'm', version: 1, p: null }, degradedWhy: ['model m failed'] });
    expect(verdict).toMatchObject({ outcome, decided_by: decidedBy, overruled, degraded: true, degraded_why: ['model m failed'] });
    expect(verdict.reasons.some(({ kind, text }) => kind === 'degraded' && text === 'model m failed')).toBe(true);
  });

  it.each([
    [undefined, 'approve', []], [1_000, 'approve', []], [1_001, 'review', ['1001 records waited in front of it, more than max_lag 1000']],
  ] as const)('with %d records in front of it, of at most 1,000: %s, and says so', (backlog, outcome, why) => {
    const program = programOf(policy('p', { max_lag: 1_000 }), policy('calm', { when: 'tx.ok', order: -1 }), rule('k', 'true'));
    const verdict = decide(program, {}, { backlog });
    expect(verdict).toMatchObject({ outcome, degraded: why.length > 0, degraded_why: why });
    expect(verdict.reasons.flatMap(({ kind, text }) => (kind === 'degraded' ? [text] : []))).toEqual(why);
    expect(verdictJson(rerun(verdict, program))).toBe(verdictJson(verdict));
    expect(decide(program, { ok: true }, { backlog })).toMatchObject({ policy: 'calm', degraded: false });
  });

  it('silences a snoozed rule for one key until a time, and names it', () => {
    const program = programOf(rule('r', 'true', { outcome: 'block' }), rule('k', 'true'));
    const snoozes = new Snoozes();
    snoozes.put({ rule: 'r', entity: 'card', key: 'c1', untilMs: startMs + 10, by: 'ann' });
    const lookup = snoozes.lookup(program.set, program.source);
    expect(decide(program, {}, { snoozes: lookup })).toMatchObject({ rules: ['k'], snoozed: ['r'], outcome: 'approve', decided_by: 'score' });
    expect(decide(program, { card_id: 'c2' }, { snoozes: lookup })).toMatchObject({ rules: ['k', 'r'], snoozed: [] });
    expect(decide(program, {}, { snoozes: lookup, atMs: startMs + 10 }).rules).toEqual(['k', 'r']);
  });

  it('lets an exploration share through, chosen by the id, but nothing that a rule or list blocks', () => {
    const program = programOf(policy('p', { exploration: 0.2 }), rule('w', 'true', { weight: 0.9 }), rule('b', 'tx.ok', { outcome: 'block' }));
    const explored = (fields: Fields): number => Array.from({ length: 2_000 }, (_, i) => decide(program, { ...fields, transaction_id: `t${i}` })).filter((verdict) => verdict.explored && verdict.outcome === 'approve').length;
    expect(explored({}) / 2_000).toBeCloseTo(0.2, 1);
    expect(explored({ ok: true })).toBe(0);
    expect(decide(programOf(rule('w', 'true', { weight: 0.9 }))).explored).toBe(false);
  });

  it('records with which probability chance decided, where it did', () => {
    const program = programOf(policy('p', { exploration: 0.05 }), rule('w', 'tx.n == 1', { weight: 0.9 }), rule('b', 'tx.ok', { outcome: 'block' }));
    const verdicts = Array.from({ length: 400 }, (_, i) => decide(program, { n: 1, transaction_id: `t${i}` }));
    expect(new Set(verdicts.map(({ explored, propensity }) => `${explored} ${propensity}`))).toEqual(new Set(['true 0.05', 'false 0.95']));
    for (const fields of [{ n: 2 }, { n: 1, ok: true }]) expect(decide(program, fields)).not.toHaveProperty('propensity');
    expect(decide(programOf(rule('w', 'tx.n == 1', { weight: 0.9 })), { n: 1 })).not.toHaveProperty('propensity');
  });

  it('says what is usual where a longer window of the same thing stands beside', () => {
    const view = { kind: 'FeatureView', name: 'by_card', entity: 'card', source: 'transactions', features: [{ name: 'tx_count', agg: 'count', windows: ['1h', '30d'] }, { name: 'spent', agg: 'sum', of: 'amount', windows: ['1h', '24h'] }, { name: 'mean', agg: 'avg', of: 'amount', windows: ['1h', '30d'] }] };
    const set = resolveSet(documentsFromJson([...baseDocuments.filter(({ kind }) => kind !== 'FeatureView'), view, rule('often', 'features.tx_count_1h > 5'), rule('much', 'features.spent_1h > 100000'), rule('dear', 'features.mean_1h > 2.0 * features.mean_30d')]));
    const program = compileDecisionProgram(set, 'transactions');
    const texts = (features: Readonly<Record<string, number | null>>): readonly string[] => decide(program, {}, { features }).reasons.map(({ text }) => text).sort();
    expect(texts({ tx_count_1h: 7, tx_count_30d: 864, spent_1h: 240_000, spent_24h: 480_000, mean_1h: 5_000, mean_30d: 1_250 })).toEqual([
      'dear: mean_1h is 5,000, above 2.0 * features.mean_30d (2,500), usual 1,250', 'much: spent_1h is 2,400.00, above 1,000.00, usual 200.00', 'often: tx_count_1h is 7, above 5, usual 1.2',
    ]);
    expect(texts({ tx_count_1h: 7, tx_count_30d: null })).toEqual(['often: tx_count_1h is 7, above 5']);
  });

  it('gives its reasons by contribution, ties by precedence, then name, with the values compared', () => {
    const program = programOf(
      rule('z', 'tx.amount > 1000000', { weight: 0.35, reason: 'Single amount above 10,000.00' }), rule('b', 'features.tx_count_1h > 5 && tx.country != "NO"', { weight: 0.2 }), rule('a', 'tx.v == null || tx.n > 100', { outcome: 'block' }),
      rule('c', 'tx.country in ["SE", "IT"]'), list('l', 'watch'),
    );
    const verdict = decide(program, { amount: 1_000_001, country: 'SE' }, { features: { tx_count_1h: 7 }, model: { name: 'm', version: 1, p: 0.5 }, lists: listed(program, 'l') });
    expect(verdict.score).toBe(0.74);
    expect(verdict.reasons).toEqual([
      { kind: 'model', name: 'm', text: "the model's p is 0.5", contribution: 0.26 },
      { kind: 'rule', name: 'z', text: 'Single amount above 10,000.00: amount is 10,000.01, above 10,000.00', contribution: 0.14 },
      { kind: 'rule', name: 'b', text: 'b: tx_count_1h is 7, above 5; country is SE, not NO', contribution: 0.065 },
      { kind: 'rule', name: 'a', text: 'a: v is missing', contribution: 0 },
      { kind: 'rule', name: 'c', text: 'c: country is SE, one of ["SE", "IT"]', contribution: 0 },
      { kind: 'list', name: 'l', text: 'card_id c1 is on list l', contribution: 0 },
    ]);
  });

  it('takes names of object members as names only', () => {
    const program = programOf(list('constructor', 'block'), rule('toString', 'tx.card_id == "__proto__"', { outcome: 'block' }));
    const lists = new ListStore();
    lists.configure(program.set.lists);
    expect(decide(program, { card_id: '__proto__' }, { lists })).toMatchObject({ rules: ['toString'], lists: [] });
    expect(decide(program, { card_id: 'hasOwnProperty' }, { lists })).toMatchObject({ rules: [], lists: [] });
  });
});
