import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocuments, planSet, resolveSet } from '@weir/definitions';

const files = readdirSync(__dirname).filter((file) => file.endsWith('.yaml')).map((file) => ({ file, text: readFileSync(join(__dirname, file), 'utf8') }));

describe('the example definitions', () => {
  const set = resolveSet(parseDocuments(files));

  it('are a whole set for card payments', () => {
    expect(set.layoutBySource.get('transactions')?.names.length).toBeGreaterThanOrEqual(30);
    expect(set.rules.size).toBeGreaterThanOrEqual(20);
    expect([...set.patterns.keys()].sort()).toEqual(['card_testing_burst', 'probe_then_elsewhere', 'small_then_large']);
    expect(set.models.get('fraud_gbm')).toMatchObject({ file: 'models/fraud_gbm.onnx', features: 'fraud_v1', role: 'champion' });
    expect([...set.policies.keys()]).toEqual(['default']);
  });

  it('give no warning, so that every short name is the name shown', () => {
    expect(planSet(undefined, set).warnings).toEqual([]);
  });

  it('say with every rule and pattern why it fires', () => {
    for (const rule of [...set.rules.values(), ...set.patterns.values()]) expect(rule.reason).not.toBe(rule.name);
  });

  it('keep the allowance of two days for late events', () => {
    expect(set.sources.get('transactions')?.allowedLatenessMs).toBe(48 * 3_600_000);
  });
});
