import type { Pattern, Step } from './pattern';
import { validatePattern } from './validate';

const loop = (max: number, of: Partial<Step<string>>): Step<string> => ({ contiguity: 'start', quantifier: { min: 1, max, optional: false, greedy: false, inner: 'relaxed' }, ...of });
const nested = (outer: number, inner: number): Pattern<string> => ({ steps: [loop(outer, { group: { steps: [loop(inner, { name: 'a', where: 'true' })] } })] });

describe('repetitions within repetitions', () => {
  it('are refused where they come to more than an automaton may hold', () => {
    expect(() => { validatePattern(nested(1_000, 1_000), { strategy: 'noSkip' }); }).toThrow('pattern: steps expected at most 10000 with every repetition written out, got 1000000');
    expect(() => { validatePattern(nested(100, 100), { strategy: 'noSkip' }); }).not.toThrow();
  });
});
