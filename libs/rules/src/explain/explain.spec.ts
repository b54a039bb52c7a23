import { inputOf, programOf, rule, startMs } from '../../test/rule-set';
import { counterfactuals } from './counterfactual';
import { bandDistance, whyNot } from './why-not';

describe('why a rule did not fire', () => {
  const program = programOf(
    rule('large', 'tx.amount > 1000 && (tx.country == "NO" || tx.v > 2.5) && !(tx.n in [1, 2])'), rule('off', 'true', { mode: 'off' }), rule('later', 'true', { valid_from: startMs + 1 }), rule('ratio', 'tx.amount / tx.n > 3'),
  );

  it('names the comparison that failed and by how much, and what was missing', () => {
    const why = whyNot(program, 'large', inputOf(program, { amount: 900, country: 'SE', n: 1 }));
    expect(why.result).toBe('false');
    expect(why.failed.map(({ text, result, value, limit, distance, missing }) => [text, result, value, limit, distance, missing])).toEqual([
      ['tx.amount > 1000', 'false', 900, 1000, -100, []], ['tx.country == "NO"', 'false', 'SE', 'NO', null, []], ['tx.v > 2.5', 'unknown', null, 2.5, null, ['tx.v']], ['tx.n in [1, 2]', 'true', 1, null, null, []],
    ]);
    expect(why.text).toContain('tx.amount > 1000 is false: it is 900, 100 below the limit');
    expect(why.text).toContain('tx.v > 2.5 is unknown: tx.v is missing');
    expect(whyNot(program, 'large', inputOf(program, { amount: 1_000, country: 'NO', n: 3 })).text).toBe('tx.amount > 1000 is false: it is 1000, the limit itself');
    expect(whyNot(program, 'ratio', inputOf(program, { amount: 3, n: 0 })).result).toBe('unknown');
    const plain = programOf(rule('flag', 'tx.ok'));
    expect(whyNot(plain, 'flag', inputOf(plain, { ok: false })).text).toBe('tx.ok is false');
  });

  it('says when nothing failed, when it is off, and when it is not in force', () => {
    expect(whyNot(program, 'large', inputOf(program, { amount: 1_001, country: 'NO', n: 3 }))).toMatchObject({ result: 'true', failed: [], silencedBy: null });
    expect(whyNot(program, 'off', inputOf(program)).silencedBy).toBe('off');
    expect(whyNot(program, 'later', inputOf(program))).toMatchObject({ result: 'true', silencedBy: 'not in force' });
    expect(() => whyNot(program, 'nowhere', inputOf(program))).toThrow(expect.objectContaining({ code: 'WEIR_NOT_FOUND' }));
  });

  it.each([[0.2, 'approve', 0.1, null], [0.3, 'review', 0.5, 0], [0.9, 'block', null, 0.1]] as const)('a score of %d is %s, %d below the next band and %d above the one before', (score, band, up, down) => {
    const distance = bandDistance(score, { review: 0.3, block: 0.8 });
    expect(distance.band).toBe(band);
    expect([distance.up, distance.down].map((each) => (each === null ? null : Number(each.toFixed(12))))).toEqual([up, down]);
  });
});

describe('what would have been milder', () => {
  it('says which way alone it holds, where a value further on would be worse again', () => {
    const program = programOf(rule('large', 'tx.amount > 50000', { outcome: 'block' }), rule('tiny', 'tx.amount < 100', { outcome: 'block' }));
    expect(counterfactuals(program, inputOf(program, { amount: 60_000 })).map(({ text }) => text)).toEqual(['approve if amount were exactly 500.00']);
    const strict = programOf(rule('large', 'tx.amount >= 50000', { outcome: 'block' }), rule('tiny', 'tx.amount < 100', { outcome: 'block' }));
    expect(counterfactuals(strict, inputOf(strict, { amount: 60_000 })).map(({ text }) => text)).toEqual(['approve if amount were just below 500.00']);
  });

  it('names what is made of the value and was held: features that are read, the p of a model, patterns', () => {
    const view = { kind: 'FeatureView', name: 'sums', entity: 'card', source: 'transactions', features: [{ name: 'spent', agg: 'sum', of: 'amount', windows: ['1h', '24h'] }, { name: 'share', expr: 'ratio(tx.amount, spent_1h)' }, { name: 'before', agg: 'max', of: 'amount', window: '1h', current: 'exclude' }] };
    const large = rule('large', 'tx.amount > 50000', { outcome: 'block' }), old = rule('old', 'features.before > 9000000'), silent = rule('silent', 'features.spent_24h > 9', { mode: 'shadow' });
    const heldBy = (...more: readonly Record<string, unknown>[]): readonly string[] => {
      const program = programOf(view, large, old, silent, ...more);
      return counterfactuals(program, inputOf(program, { amount: 60_000 }))[0]?.held ?? [];
    };
    expect(heldBy()).toEqual([]);
    expect(heldBy(rule('share', 'features.share > 1.0'))).toEqual(['share']);
    expect(heldBy(rule('spent', 'features.spent_1h > 9000000'))).toEqual(['spent_1h']);
    expect(heldBy({ kind: 'Pattern', name: 'twice', key: 'card', pattern: [{ name: 'a', where: 'tx.amount > 1' }, { name: 'b' }], within: '5m' })).toEqual(['pattern twice']);
  });

  it('says so in its text', () => {
    const program = programOf(rule('large', 'tx.amount > 50000', { outcome: 'block' }), rule('spent', 'features.spent > 9000000'), { kind: 'FeatureView', name: 'sums', entity: 'card', source: 'transactions', features: [{ name: 'spent', agg: 'sum', of: 'amount' }] },
      { kind: 'FeatureService', name: 'inputs', features: ['tx:amount'] }, { kind: 'Model', name: 'm', file: 'm.onnx', features: 'inputs', output: 'p', role: 'champion' });
    const model = { name: 'm', version: 1, p: 0.1 };
    expect(counterfactuals(program, inputOf(program, { amount: 60_000 }, { model })).map(({ text }) => text)).toEqual(["approve if amount were at most 500.00, with the model's p, spent as they were"]);
    expect(counterfactuals(program, inputOf(program, { amount: 60_000 }, { model: { ...model, p: null } })).map(({ text }) => text)).toEqual(['approve if amount were at most 500.00, with spent as it was']);
  });

  it('is the nearest change of one number that a fired rule reads', () => {
    const program = programOf(rule('a', 'tx.amount >= 81200 && tx.country == "NO"', { outcome: 'block' }), rule('b', 'tx.amount > 50000', { outcome: 'review' }), rule('c', 'features.tx_count_1h > 5', { weight: 0.2 }));
    const found = counterfactuals(program, inputOf(program, { amount: 90_000, country: 'NO' }, { features: { tx_count_1h: 7 } }));
    expect(found.map(({ text, outcome }) => [text, outcome])).toEqual([['review if amount were below 812.00', 'review']]);
    const review = counterfactuals(program, inputOf(program, { amount: 60_000 }, { features: { tx_count_1h: 7 } }));
    expect(review.map(({ text }) => text)).toEqual(['approve if amount were at most 500.00']);
  });

  it('looks at features too, and gives nothing for what is approved already', () => {
    const program = programOf(rule('c', 'features.by_card.tx_count_1h >= 5', { weight: 0.5 }), rule('k', 'tx.v < 2.5', { weight: 0.01 }));
    const [first] = counterfactuals(program, inputOf(program, { v: 3 }, { features: { tx_count_1h: 7 } }));
    expect(first).toMatchObject({ text: 'approve if tx_count_1h were below 5', current: 7, limit: 5 });
    expect(counterfactuals(program, inputOf(program, { v: 3 }, { features: { tx_count_1h: 1 } }))).toEqual([]);
  });
});
