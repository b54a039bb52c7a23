import { compilePattern } from './compile';
import { explainNoMatch } from './explain';
import { compileJsonCondition, readJsonField, type JsonCondition, type JsonEvent } from './json-condition';
import { mapConditions, type Pattern } from './pattern';

const pattern: Pattern<JsonCondition> = {
  steps: [
    { name: 'small', contiguity: 'start', where: { field: 'amount', op: 'lt', value: 100 }, quantifier: { min: 3, max: 3, optional: false, greedy: false, inner: 'consecutive' } },
    { name: 'large', contiguity: 'followedBy', where: { field: 'amount', op: 'gt', value: 10_000 } },
  ],
  within: { ms: 300_000, type: 'first-last' },
};
const explain = (...amounts: (readonly [seconds: number, amount: number])[]): unknown => {
  const events = amounts.map(([seconds, amount], at): JsonEvent => ({ id: `e${at + 1}`, ts: seconds * 1000, amount }));
  return explainNoMatch(compilePattern(mapConditions(pattern, (condition) => compileJsonCondition(condition, readJsonField))), events, (event) => event.ts);
};

describe('why a pattern gave no match', () => {
  it('names the condition that no event met', () => {
    expect(explain([0, 500], [1, 600])).toEqual({ kind: 'neverBegan', events: 2, failed: ['{"field":"amount","op":"lt","value":100}'] });
  });

  it('names the event that broke a strict sequence, and the condition it failed', () => {
    expect(explain([0, 50], [60, 60], [120, 500])).toMatchObject({ best: [{ taken: 2, missing: ['small'], obstacle: { kind: 'event', event: { id: 'e3' }, failed: ['{"field":"amount","op":"lt","value":100}'], unwanted: false } }, { taken: 1 }] });
  });

  it('names the time when a window was over', () => {
    expect(explain([0, 50], [60, 60], [120, 70], [300, 20_000])).toMatchObject({ best: [{ taken: 3, missing: ['large'], obstacle: { kind: 'time', atMs: 300_000 } }, { taken: 2 }, { taken: 1 }] });
  });

  it('names the step that is still awaited', () => {
    expect(explain([0, 50], [60, 60], [120, 70])).toMatchObject({ best: [{ taken: 3, obstacle: { kind: 'waiting', for: ['large'] } }, { taken: 2 }, { taken: 1 }] });
  });

  it('says so when there was a match', () => {
    expect(explain([0, 50], [60, 60], [120, 70], [180, 20_000])).toEqual({ kind: 'matched', matches: 1 });
  });
});
