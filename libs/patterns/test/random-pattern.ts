import type { SeededRandom } from '@weir/testkit';
import type { InnerContiguity, JsonCondition, JsonEvent, Pattern, Quantifier, SkipStrategy, Step } from '../src/index';

const names = ['a', 'b', 'c', 'd'] as const;

export interface RandomPatternOptions { readonly groups?: boolean; readonly greedy?: boolean; readonly until?: boolean; readonly iterative?: boolean; readonly windows?: boolean; readonly disjoint?: boolean; readonly negations?: boolean }

/** A pattern that the language allows, of two to four steps over events named a to d. */
export function randomPattern(random: SeededRandom, options: RandomPatternOptions = {}): Pattern<JsonCondition> {
  let named = 0;
  const nextName = (): string => `s${++named}`;
  const makeSteps = (count: number, depth: number): Step<JsonCondition>[] => {
    const steps: Step<JsonCondition>[] = [];
    for (let at = 0; at < count; at++) steps.push(randomStep(random, { at, count, before: steps.at(-1), depth, nextName, makeSteps, options }));
    return steps;
  };
  const steps = makeSteps(random.int(2, 4), 0);
  const endsSilent = steps.at(-1)?.contiguity === 'notFollowedBy';
  return { steps, within: endsSilent || options.windows || random.chance(0.5) ? { ms: random.int(4, 15), type: 'first-last' } : undefined };
}

interface Place {
  readonly at: number; readonly count: number; readonly before: Step<JsonCondition> | undefined; readonly depth: number;
  readonly nextName: () => string; readonly makeSteps: (count: number, depth: number) => Step<JsonCondition>[]; readonly options: RandomPatternOptions;
}

function randomStep(random: SeededRandom, place: Place): Step<JsonCondition> {
  const { at, count, before, options } = place;
  const negatable = options.negations && at > 0 && before?.quantifier === undefined && before?.group === undefined && place.depth === 0 && !isNegatedStep(before);
  if (negatable && random.chance(0.25)) {
    const contiguity = random.pick(['notNext', 'notFollowedBy'] as const);
    if (!(options.disjoint && at === count - 1 && contiguity === 'notFollowedBy')) return { name: place.nextName(), contiguity, where: randomCondition(random, options, undefined) };
  }
  const contiguity = at === 0 ? 'start' : random.pick(['next', 'followedBy', 'followedBy', 'followedByAny'] as const);
  const quantifier = randomQuantifier(random, before?.quantifier?.greedy ?? false, options);
  if (options.groups && place.depth === 0 && random.chance(0.25)) {
    const grouped = quantifier === undefined ? undefined : { ...quantifier, greedy: false };
    return { contiguity, group: { steps: withoutOptionalOnly(place.makeSteps(random.int(1, 2), 1)) }, quantifier: grouped };
  }
  const name = place.nextName();
  const until = options.until && quantifier?.max === null && random.chance(0.4) ? nameIs(random.pick(names)) : undefined;
  return { name, contiguity, where: randomCondition(random, options, quantifier === undefined ? undefined : name), quantifier, until };
}

const isNegatedStep = (step: Step<JsonCondition> | undefined): boolean => step?.contiguity === 'notNext' || step?.contiguity === 'notFollowedBy';

/** A group that can take nothing has no clear meaning. */
function withoutOptionalOnly(steps: Step<JsonCondition>[]): Step<JsonCondition>[] {
  const [first, ...rest] = steps;
  return first?.quantifier ? [{ ...first, quantifier: first.quantifier.single ? undefined : { ...first.quantifier, optional: false } }, ...rest] : steps;
}

function randomQuantifier(random: SeededRandom, afterGreedy: boolean, options: RandomPatternOptions): Quantifier | undefined {
  if (random.chance(0.45)) return undefined;
  const optional = !afterGreedy && random.chance(0.25);
  if (random.chance(0.15)) return optional ? { min: 1, max: 1, optional, greedy: false, inner: 'relaxed', single: true } : undefined;
  const min = random.int(1, 2);
  const inner: InnerContiguity = random.pick(['relaxed', 'consecutive', 'allowCombinations'] as const);
  const greedy = (options.greedy ?? false) && inner !== 'allowCombinations' && random.chance(0.3);
  return { min, max: random.pick([min, min + 1, null]), optional, greedy, inner };
}

function randomCondition(random: SeededRandom, options: RandomPatternOptions, loop: string | undefined): JsonCondition {
  const plain: JsonCondition = options.disjoint || random.chance(0.7) ? nameIs(random.pick(names)) : { field: 'name', op: 'in', value: random.shuffle(names).slice(0, 2) };
  if (!options.iterative || loop === undefined || random.chance(0.6)) return plain;
  return { and: [plain, { iter: { of: loop, agg: 'sum', field: 'price' }, op: 'lt', value: random.int(3, 12) }] };
}

const nameIs = (value: string): JsonCondition => ({ field: 'name', op: 'eq', value });

export const randomSkip = (random: SeededRandom, steps: readonly Step<JsonCondition>[]): SkipStrategy => {
  const step = steps.find((each) => each.name !== undefined && !isNegatedStep(each))?.name;
  const named = step === undefined ? [] : [{ strategy: 'skipToFirst', pattern: step } as const, { strategy: 'skipToLast', pattern: step } as const];
  return random.pick([{ strategy: 'noSkip' }, { strategy: 'skipPastLastEvent' }, { strategy: 'skipToNext' }, ...named] as const);
};

export function randomEvents(random: SeededRandom, count: number, options: { readonly disorderMs?: number } = {}): JsonEvent[] {
  let ts = 0;
  return Array.from({ length: count }, (_, at) => {
    ts += random.int(0, 2);
    return { id: `e${at + 1}`, ts: ts - random.int(0, options.disorderMs ?? 0), name: random.pick(names), price: random.int(1, 5) };
  });
}
