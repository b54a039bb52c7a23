import { WeirError } from '@weir/contracts';
import type { SetCheck } from '@weir/definitions';
import { EventContext } from './event-context';
import { compileProgram } from './step-conditions';

/** A check for `resolveSet`: every pattern of the set compiles to an automaton. */
export const patternCheck: SetCheck = (set) => [...set.patterns.values()].flatMap((pattern) => {
  try {
    compileProgram(set, pattern, new EventContext());
    return [];
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    const found = error.findings.length > 0 ? error.findings : [{ where: 'pattern', field: 'pattern', expected: 'a pattern', got: error.message }];
    return found.map(({ where, field, expected, got }) => ({ kind: 'Pattern' as const, name: pattern.name, path: ['pattern'], expected: `${where} ${field}: ${expected}`, got }));
  }
});
