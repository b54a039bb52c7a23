import type { CompiledPattern } from './compile';
import type { StepCondition } from './condition';
import type { Guard } from './guard';

/** Conditions of which at least one holds for any event that begins a partial match; undefined when that cannot be told. */
export function startConditions<E>(compiled: CompiledPattern<E>): readonly StepCondition<E>[] | undefined {
  return conditionsOf(compiled, compiled.automaton.start.moves.filter((move) => move.kind === 'take').map((move) => move.guard));
}

/**
 * Conditions of which at least one holds for any event that completes a match. Undefined when an event may complete a match by what it is not
 * (a closing notNext), when time alone completes it, or when one of them depends on the events taken.
 */
export function triggerConditions<E>(compiled: CompiledPattern<E>): readonly StepCondition<E>[] | undefined {
  const { places } = compiled.automaton;
  if (places.some((place) => place.pending)) return undefined;
  const ending = places.flatMap((place) => place.moves.filter((move) => move.ends || move.completes !== undefined));
  const found = conditionsOf(compiled, ending.map((move) => move.guard));
  return found?.some((condition) => condition.iterative) ? undefined : found;
}

function conditionsOf<E>(compiled: CompiledPattern<E>, guards: readonly Guard[]): StepCondition<E>[] | undefined {
  const found = new Set<StepCondition<E>>();
  for (const guard of guards) {
    const needed = necessary(guard);
    if (needed === undefined) return undefined;
    for (const number of needed) { const condition = compiled.conditions[number]; if (condition) found.add(condition); }
  }
  return [...found];
}

/** Conditions of which one must hold for the guard to hold. */
function necessary(guard: Guard): readonly number[] | undefined {
  switch (guard.is) {
    case 'holds': return [guard.condition];
    case 'and': return guard.of.map(necessary).find((needed) => needed !== undefined);
    case 'or': {
      const ways = guard.of.map(necessary);
      return ways.every((needed) => needed !== undefined) ? ways.flat() : undefined;
    }
    default: return undefined;
  }
}
