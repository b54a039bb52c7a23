import { WeirError } from '@weir/contracts';
import type { CompiledPattern } from './compile';
import type { Taken } from './key-state';

/** From the first event to the last. */
export function chainOf<E>(last: Taken<E>): Taken<E>[] {
  const chain: Taken<E>[] = [];
  for (let taken: Taken<E> | undefined = last; taken !== undefined; taken = taken.before) chain.push(taken);
  return chain.reverse();
}

/** The events by step, in the order taken, and the times of the first and the last one taken. */
export function stepsOf<E>(last: Taken<E>, names: readonly string[]): { steps: ReadonlyMap<string, readonly E[]>; firstTimeMs: number; lastTimeMs: number } {
  const steps = new Map<string, E[]>();
  const chain = chainOf(last);
  for (const { held, step } of chain) {
    const name = names[step] ?? '';
    const events = steps.get(name);
    if (events) events.push(held.event);
    else steps.set(name, [held.event]);
  }
  return { steps, firstTimeMs: chain[0]?.held.timeMs ?? NaN, lastTimeMs: last.held.timeMs };
}

/** By the places of their events, first to last; a beginning of another comes before it. Equal events order by steps. */
export function compareTaken<E>(a: Taken<E>, b: Taken<E>): number {
  if (a === b) return 0;
  const left = chainOf(a), right = chainOf(b);
  for (let at = 0; at < left.length && at < right.length; at++) {
    const one = left[at] as Taken<E>, other = right[at] as Taken<E>;
    const order = one.held.seq - other.held.seq || one.step - other.step;
    if (order !== 0) return order;
  }
  return right.length - left.length;
}

export const isSameTaken = <E>(a: Taken<E>, b: Taken<E>): boolean => compareTaken(a, b) === 0;

/** A condition on the run, found while matching: the skip strategy cannot be carried out. */
class PatternRunError extends WeirError {
  override readonly name = 'PatternRunError';
  constructor(message: string) { super('WEIR_PATTERN_INVALID', message); }
}

/**
 * Whatever began at or before this place ends after the match is given; undefined: nothing.
 * @throws PatternRunError where `throwOnMiss` asks for it.
 */
export function skipBound<E>(compiled: CompiledPattern<E>, last: Taken<E>): number | undefined {
  const { skip, skipStep } = compiled;
  switch (skip.strategy) {
    case 'noSkip': return undefined;
    case 'skipPastLastEvent': return last.held.seq;
    case 'skipToNext': return chainOf(last)[0]?.held.seq;
    case 'skipToFirst': case 'skipToLast': {
      const chain = chainOf(last);
      const taken = chain.filter(({ step }) => step === skipStep);
      const target = (skip.strategy === 'skipToFirst' ? taken[0] : taken.at(-1))?.held.seq;
      if (skip.throwOnMiss && target === undefined) throw new PatternRunError(`cannot skip to ${skip.pattern}: the match has no such event`);
      if (skip.throwOnMiss && target === chain[0]?.held.seq) throw new PatternRunError(`cannot skip to ${skip.pattern}: it is the first event of the match`);
      return target === undefined ? undefined : target - 1;
    }
  }
}
