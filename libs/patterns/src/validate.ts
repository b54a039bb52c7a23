import { WeirError, type Finding } from '@weir/contracts';
import { contiguities, innerContiguities, isNegated, plainSteps, type Pattern, type SkipStrategy, type Step } from './pattern';

/** Bounds of one pattern: an automaton has a state or two per step and repetition. */
const stepsMax = 64;
const repetitionsMax = 1_000;
/** Steps with every repetition written out, groups within groups multiplied. */
const unrolledStepsMax = 10_000;

/**
 * Refuses what has no meaning in the pattern language.
 * @throws WeirError WEIR_PATTERN_INVALID with a finding per fault.
 */
export function validatePattern<C>(pattern: Pattern<C>, skip: SkipStrategy): void {
  const findings = [...faultsOf(pattern, skip)];
  const [first] = findings;
  if (first) throw new WeirError('WEIR_PATTERN_INVALID', `${first.where}: ${first.field} expected ${first.expected}, got ${first.got}`, { findings });
}

function* faultsOf<C>(pattern: Pattern<C>, skip: SkipStrategy): Generator<Finding> {
  if (!Array.isArray(pattern.steps)) { yield fault('pattern', 'steps', 'a list of steps', typeof pattern.steps); return; }
  yield* faultsOfSteps(pattern.steps, 'pattern');
  if (pattern.within && !isDuration(pattern.within.ms)) yield fault('pattern', 'within', 'a positive number of ms', String(pattern.within.ms));
  const names = [...plainSteps(pattern.steps)].map((step) => step.name);
  if (names.length > stepsMax) yield fault('pattern', 'steps', `at most ${stepsMax}`, String(names.length));
  const unrolled = unrolledSteps(pattern.steps);
  if (unrolled > unrolledStepsMax) yield fault('pattern', 'steps', `at most ${unrolledStepsMax} with every repetition written out`, String(unrolled));
  const seen = new Set<string | undefined>();
  for (const name of names) {
    if (seen.has(name)) yield fault('pattern', 'name', 'unique names of steps', `${String(name)} twice`);
    seen.add(name);
  }
  yield* faultsOfSkip(skip, seen);
  yield* faultsOfWindows(pattern);
}

function unrolledSteps<C>(steps: readonly Step<C>[]): number {
  return steps.reduce((sum, { group, quantifier }) => sum + (quantifier === undefined ? 1 : quantifier.max ?? quantifier.min + 1) * (group ? unrolledSteps(group.steps) : 1), 0);
}

function* faultsOfSteps<C>(steps: readonly Step<C>[], path: string): Generator<Finding> {
  if (steps.length === 0) yield fault(path, 'steps', 'at least one step', 'none');
  for (const [at, step] of steps.entries()) {
    const where = `${path}.${step.name ?? `step ${at + 1}`}`;
    yield* faultsOfPlace(steps, at, where);
    yield* faultsOfQuantifier(step, steps[at - 1], where);
    if (step.group) yield* faultsOfSteps(step.group.steps, where);
    else if (typeof step.name !== 'string' || step.name === '') yield fault(where, 'name', 'a name', String(step.name));
  }
}

function* faultsOfPlace<C>(steps: readonly Step<C>[], at: number, where: string): Generator<Finding> {
  const step = steps[at];
  if (!step) return;
  if (!contiguities.includes(step.contiguity)) yield fault(where, 'contiguity', contiguities.join(', '), String(step.contiguity));
  else if ((at === 0) !== (step.contiguity === 'start')) yield fault(where, 'contiguity', at === 0 ? 'start' : 'anything but start', step.contiguity);
  const before = steps[at - 1];
  if (isNegated(step.contiguity) && before?.quantifier?.optional) yield fault(where, 'contiguity', 'no negation after an optional step', step.contiguity);
  if (isNegated(step.contiguity) && step.quantifier) yield fault(where, 'quantifier', 'none on a negated step', 'a quantifier');
  if (isNegated(step.contiguity) && step.group) yield fault(where, 'group', 'none on a negated step', 'a group');
  if (step.within && !isDuration(step.within.ms)) yield fault(where, 'within', 'a positive number of ms', String(step.within.ms));
}

function* faultsOfQuantifier<C>(step: Step<C>, before: Step<C> | undefined, where: string): Generator<Finding> {
  const quantifier = step.quantifier;
  if (step.until !== undefined && (quantifier === undefined || quantifier.max !== null)) yield fault(where, 'until', 'only on an unbounded loop', 'until');
  if (quantifier === undefined) return;
  const { min, max, single, greedy, inner, optional, windowMs } = quantifier;
  if (!Number.isInteger(min) || min < 1 || min > repetitionsMax) yield fault(where, 'min', `an integer from 1 to ${repetitionsMax}`, String(min));
  if (max !== null && (!Number.isInteger(max) || max < min || max > repetitionsMax)) yield fault(where, 'max', `an integer from ${min} to ${repetitionsMax}, or null`, String(max));
  if (!innerContiguities.includes(inner)) yield fault(where, 'inner', innerContiguities.join(', '), String(inner));
  if (single && (greedy || inner !== 'relaxed')) yield fault(where, 'quantifier', 'neither greedy nor another inner contiguity on a single step', greedy ? 'greedy' : inner);
  if (greedy && inner === 'allowCombinations') yield fault(where, 'greedy', 'not with allowCombinations', 'both');
  if (greedy && step.group) yield fault(where, 'greedy', 'not on a group', 'greedy');
  if (optional && before?.quantifier?.greedy) yield fault(where, 'optional', 'not directly after a greedy step', 'optional');
  if (windowMs !== undefined && !isDuration(windowMs)) yield fault(where, 'windowMs', 'a positive number of ms', String(windowMs));
}

function* faultsOfSkip(skip: SkipStrategy, names: ReadonlySet<string | undefined>): Generator<Finding> {
  switch (skip.strategy) {
    case 'noSkip': case 'skipPastLastEvent': case 'skipToNext': return;
    case 'skipToFirst': case 'skipToLast':
      if (!names.has(skip.pattern)) yield fault('skip', 'pattern', `a step: ${[...names].join(', ')}`, String(skip.pattern));
      return;
    default: yield fault('skip', 'strategy', 'noSkip, skipPastLastEvent, skipToNext, skipToFirst or skipToLast', JSON.stringify(skip));
  }
}

function* faultsOfWindows<C>(pattern: Pattern<C>): Generator<Finding> {
  const limitMs = pattern.within?.ms ?? Infinity;
  for (const step of plainSteps(pattern.steps)) {
    const ownMs = step.within?.ms ?? step.quantifier?.windowMs ?? 0;
    if (ownMs > limitMs) yield fault(`pattern.${step.name ?? ''}`, 'within', `at most the pattern's ${limitMs} ms`, `${ownMs} ms`);
  }
  const last = pattern.steps.at(-1);
  if (last?.contiguity === 'notFollowedBy' && !last.within && !pattern.within) yield fault(`pattern.${last.name ?? ''}`, 'within', 'a window, because the pattern ends with notFollowedBy', 'none');
}

const isDuration = (ms: unknown): boolean => typeof ms === 'number' && Number.isFinite(ms) && ms > 0;
const fault = (where: string, field: string, expected: string, got: string): Finding => ({ where, field, expected, got });
