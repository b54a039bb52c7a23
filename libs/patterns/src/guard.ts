/** When an edge may be followed: a combination of the pattern's conditions, which are named by their number. */
export type Guard =
  | { readonly is: 'always' }
  | { readonly is: 'holds'; readonly condition: number }
  | { readonly is: 'not'; readonly of: Guard }
  | { readonly is: 'and' | 'or'; readonly of: readonly Guard[] };

export const always: Guard = { is: 'always' };
export const holds = (condition: number): Guard => ({ is: 'holds', condition });

export const not = (guard: Guard): Guard => (guard.is === 'not' ? guard.of : { is: 'not', of: guard });

export function and(...guards: readonly Guard[]): Guard {
  const parts = guards.flatMap((guard) => (guard.is === 'and' ? guard.of : guard.is === 'always' ? [] : [guard]));
  const [first] = parts;
  return first === undefined ? always : parts.length === 1 ? first : { is: 'and', of: parts };
}

export function or(...guards: readonly Guard[]): Guard {
  if (guards.some((guard) => guard.is === 'always')) return always;
  const [first] = guards;
  return first !== undefined && guards.length === 1 ? first : { is: 'or', of: guards };
}

/** A guard as a closure over the truth of single conditions. */
export function compileGuard(guard: Guard): (holds: (condition: number) => boolean) => boolean {
  switch (guard.is) {
    case 'always': return () => true;
    case 'holds': { const { condition } = guard; return (truth) => truth(condition); }
    case 'not': {
      if (guard.of.is === 'holds') { const { condition } = guard.of; return (truth) => !truth(condition); }
      const inner = compileGuard(guard.of);
      return (truth) => !inner(truth);
    }
    case 'and': { const parts = guard.of.map(compileGuard); return (truth) => { for (const part of parts) if (!part(truth)) return false; return true; }; }
    case 'or': { const parts = guard.of.map(compileGuard); return (truth) => { for (const part of parts) if (part(truth)) return true; return false; }; }
  }
}

/** Numbers of the conditions a guard depends on. */
export function conditionsOf(guard: Guard, into: Set<number> = new Set()): Set<number> {
  if (guard.is === 'holds') into.add(guard.condition);
  else if (guard.is === 'not') conditionsOf(guard.of, into);
  else if (guard.is !== 'always') for (const part of guard.of) conditionsOf(part, into);
  return into;
}
