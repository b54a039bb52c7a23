import { foldGraph, type Automaton } from './automaton';
import { anyEvent, type StepCondition } from './condition';
import { buildGraph } from './graph';
import { mapConditions, plainSteps, type Pattern, type SkipStrategy, type Step } from './pattern';
import { validatePattern } from './validate';

/** A pattern ready to run. It holds no state; many keys share it. */
export interface CompiledPattern<E> {
  readonly pattern: Pattern<StepCondition<E>>;
  readonly skip: SkipStrategy;
  /** First-last window, exclusive at its end; undefined: none. */
  readonly withinMs: number | undefined;
  /** Each different condition once; places name them by number. */
  readonly conditions: readonly StepCondition<E>[];
  readonly automaton: Automaton;
  /** Number of the step `skip` names; -1 where it names none. */
  readonly skipStep: number;
  /** True when some condition reads the events taken. */
  readonly iterative: boolean;
}

/**
 * Compiles a pattern to its automaton. The meaning is that of Apache Flink CEP; docs/differences.md names where it is not.
 * @throws WeirError WEIR_PATTERN_INVALID with a finding per fault.
 */
export function compilePattern<E>(pattern: Pattern<StepCondition<E>>, skip: SkipStrategy = { strategy: 'noSkip' }): CompiledPattern<E> {
  validatePattern(pattern, skip);
  const conditions: StepCondition<E>[] = [];
  const numberByKey = new Map<string, number>();
  const numberOf = (condition: StepCondition<E>): number => {
    const known = numberByKey.get(condition.key);
    if (known !== undefined) return known;
    numberByKey.set(condition.key, conditions.length);
    return conditions.push(condition) - 1;
  };
  const numbered = mapConditions(withEveryWhere(pattern), numberOf);
  const automaton = foldGraph(buildGraph(numbered), [...plainSteps(pattern.steps)].map((step) => step.name ?? ''), (condition) => conditions[condition]?.iterative ?? false);
  const skipStep = 'pattern' in skip ? automaton.steps.indexOf(skip.pattern) : -1;
  return { pattern, skip, withinMs: pattern.within?.ms, conditions, automaton, skipStep, iterative: conditions.some((condition) => condition.iterative) };
}

function withEveryWhere<E>(pattern: Pattern<StepCondition<E>>): Pattern<StepCondition<E>> {
  const fill = (step: Step<StepCondition<E>>): Step<StepCondition<E>> =>
    step.group ? { ...step, group: { steps: step.group.steps.map(fill) } } : { ...step, where: step.where ?? anyEvent<E>() };
  return { ...pattern, steps: pattern.steps.map(fill) };
}
