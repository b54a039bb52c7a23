/** How a step is joined to what is before it. `start` is the first step of a pattern or group. */
export const contiguities = ['start', 'next', 'followedBy', 'followedByAny', 'notNext', 'notFollowedBy'] as const;
export type Contiguity = (typeof contiguities)[number];

export const innerContiguities = ['relaxed', 'consecutive', 'allowCombinations'] as const;
export type InnerContiguity = (typeof innerContiguities)[number];

export interface Quantifier {
  readonly min: number;
  /** null: unbounded. */
  readonly max: number | null;
  readonly optional: boolean;
  readonly greedy: boolean;
  /** Contiguity between the events of the loop. */
  readonly inner: InnerContiguity;
  /** Most ms between one event of the loop and the next, exclusive. */
  readonly windowMs?: number | undefined;
  /** A plain step, there only to be optional. */
  readonly single?: boolean | undefined;
}

/** A step or a group of steps; `C` is the form of its conditions. */
export interface Step<C> {
  /** Unique in the whole pattern; absent for a group. */
  readonly name?: string | undefined;
  readonly contiguity: Contiguity;
  readonly where?: C | undefined;
  readonly quantifier?: Quantifier | undefined;
  /** An event for which it holds ends the loop. */
  readonly until?: C | undefined;
  readonly within?: { readonly ms: number; readonly type: 'prev-curr' } | undefined;
  readonly group?: { readonly steps: readonly Step<C>[] } | undefined;
}

/** A pattern in its JSON form. */
export interface Pattern<C> {
  readonly steps: readonly Step<C>[];
  readonly within?: { readonly ms: number; readonly type: 'first-last' } | undefined;
}

export type SkipStrategy =
  | { readonly strategy: 'noSkip' | 'skipPastLastEvent' | 'skipToNext' }
  | { readonly strategy: 'skipToFirst' | 'skipToLast'; readonly pattern: string; readonly throwOnMiss?: boolean | undefined };

export const isNegated = (contiguity: Contiguity): boolean => contiguity === 'notNext' || contiguity === 'notFollowedBy';

/** Every step of a pattern that is no group, in order. */
export function* plainSteps<C>(steps: readonly Step<C>[]): Generator<Step<C>> {
  for (const step of steps) {
    if (step.group) yield* plainSteps(step.group.steps);
    else yield step;
  }
}

/** The same pattern with its conditions in another form. */
export function mapConditions<A, B>(pattern: Pattern<A>, convert: (condition: A, step: Step<A>, role: 'where' | 'until') => B): Pattern<B> {
  const mapStep = (step: Step<A>): Step<B> => ({
    name: step.name, contiguity: step.contiguity, quantifier: step.quantifier, within: step.within,
    where: step.where === undefined ? undefined : convert(step.where, step, 'where'),
    until: step.until === undefined ? undefined : convert(step.until, step, 'until'),
    group: step.group === undefined ? undefined : { steps: step.group.steps.map(mapStep) },
  });
  return { steps: pattern.steps.map(mapStep), within: pattern.within };
}
