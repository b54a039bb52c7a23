import type { FeatureVector, Outcome, StreamEvent } from '@weir/contracts';
import type { DecisionInput } from '../decide/decision-input';
import type { DecisionProgram } from '../decide/decision-program';
import { clausesOf } from '../index/clauses';
import { isNumeric, type Predicate } from '../index/predicate';
import type { ConditionFrame } from '@weir/definitions';
import { Held } from './held';
import { labelOf } from './labels';

/**
 * The smallest change of one value that would have given a milder outcome, all else as it was. What is made of the value and is not computed again
 * (the model's p, features, matches) is named in `held` and in the text: where it is empty, the outcome is what the changed event would have got.
 */
export interface Counterfactual {
  readonly path: string;
  readonly outcome: Outcome;
  readonly current: number;
  /** `approve if amount were below 812.00`; `review if amount were at most 10,000.00, with the model's p as it was`. */
  readonly text: string;
  /** How far the change may go: `below`, `at most`, `at least`, `above` for every value beyond, else only for this one. */
  readonly relation: Relation;
  readonly limit: number;
  readonly held: readonly string[];
}
type Relation = 'below' | 'at most' | 'at least' | 'above' | 'just below' | 'exactly' | 'just above';

/** Limits looked at per value, nearest first. */
const limitsMax = 64;
const severity: Readonly<Record<Outcome, number>> = { approve: 0, review: 1, block: 2 };

/** One per number that a fired rule reads and that could have changed the outcome; the mildest outcome first, then the smallest relative change. */
export function counterfactuals(program: DecisionProgram, input: DecisionInput): Counterfactual[] {
  const base = program.decide(input);
  if (base.outcome === 'approve') return [];
  const fired = program.liveRules.filter(({ name }) => base.rules.includes(name));
  const paths = new Set(fired.flatMap(({ condition }) => numericPredicates(condition.tree).map(({ key }) => key)));
  const limitsByPath = new Map<string, Set<number>>();
  for (const { condition } of program.liveRules) {
    for (const { key, literals } of numericPredicates(condition.tree)) {
      if (!paths.has(key)) continue;
      const limits = limitsByPath.get(key) ?? new Set<number>();
      for (const literal of literals) if (typeof literal === 'number') limits.add(literal);
      limitsByPath.set(key, limits);
    }
  }
  const held = new Held(program);
  const found = [...limitsByPath].flatMap(([path, limits]) => nearest(program, input, { path, limits: [...limits], before: base.outcome, held }) ?? []);
  const change = ({ current, limit }: Counterfactual): number => Math.abs(limit - current) / Math.max(1, Math.abs(current));
  return found.sort((a, b) => severity[a.outcome] - severity[b.outcome] || change(a) - change(b) || (a.path < b.path ? -1 : 1));
}

function numericPredicates(tree: Parameters<typeof clausesOf<ConditionFrame>>[0]): Predicate<ConditionFrame>[] {
  return clausesOf<ConditionFrame>(tree).flatMap(({ predicates }) => predicates).filter(({ path }) => isNumeric(path.type) && path.type.kind !== 'timestamp');
}

interface Search { readonly path: string; readonly limits: readonly number[]; readonly before: Outcome; readonly held: Held }

function nearest(program: DecisionProgram, input: DecisionInput, { path, limits, before, held }: Search): Counterfactual | undefined {
  const place = placeOf(program, path);
  const current = place?.read(input);
  if (!place || current === undefined) return undefined;
  const outcomeAt = (value: number): Outcome => program.decide(place.replace(input, value)).outcome;
  const isMilder = (value: number): boolean => severity[outcomeAt(value)] < severity[before];
  for (const limit of [...limits].sort((a, b) => Math.abs(a - current) - Math.abs(b - current)).slice(0, limitsMax)) {
    for (const { value, towards, isPast } of beside(limit, current, place.isInteger)) {
      if (!isMilder(value)) continue;
      const beyond = limits.filter((other) => (towards < 0 ? other < limit : other > limit)).flatMap((other) => around(other, place.isInteger));
      const relation = relationOf(towards, isPast, beyond.every(isMilder));
      const outcome = outcomeAt(value), label = labelOf(path.split('.'), program.set, program.source), names = held.names(path, input);
      const text = `${outcome} if ${label.name} were ${relation} ${label.format(limit)}${names.length === 0 ? '' : `, with ${names.join(', ')} as ${names.length === 1 ? 'it was' : 'they were'}`}`;
      return { path, outcome, current, relation, limit, held: names, text };
    }
  }
  return undefined;
}

const relationOf = (towards: number, isPast: boolean, isOpen: boolean): Relation =>
  (isOpen ? (towards < 0 ? (isPast ? 'below' : 'at most') : isPast ? 'above' : 'at least') : !isPast ? 'exactly' : towards < 0 ? 'just below' : 'just above');

const stepAt = (limit: number, isInteger: boolean): number => (isInteger ? 1 : Math.max(Math.abs(limit), 1e-9) * 1e-9);
/** A limit and the values on both sides of it: between two limits nothing that rules compare with constants changes. */
const around = (limit: number, isInteger: boolean): readonly number[] => [limit - stepAt(limit, isInteger), limit, limit + stepAt(limit, isInteger)];

/** The limit itself, then the value just past it, as seen from where the value is now. */
function beside(limit: number, current: number, isInteger: boolean): readonly { readonly value: number; readonly towards: -1 | 1; readonly isPast: boolean }[] {
  const step = stepAt(limit, isInteger);
  if (limit === current) return [{ value: limit - step, towards: -1, isPast: true }, { value: limit + step, towards: 1, isPast: true }];
  const towards = limit < current ? -1 : 1;
  return [{ value: limit, towards, isPast: false }, { value: limit + towards * step, towards, isPast: true }];
}

interface Place { readonly isInteger: boolean; readonly read: (input: DecisionInput) => number | undefined; readonly replace: (input: DecisionInput, value: number) => DecisionInput }

/** Where a path's number lies; undefined for what can't be changed alone (profiles, the score). */
function placeOf(program: DecisionProgram, path: string): Place | undefined {
  const [root, ...rest] = path.split('.');
  if (root === 'tx') {
    const slot = program.source.slotByField.get(rest.join('.'));
    if (slot === undefined) return undefined;
    const isInteger = program.source.fields[slot]?.type !== 'number';
    return { isInteger, read: ({ event }) => asNumber(event.values[slot]), replace: (input, value) => ({ ...input, event: withValue(input.event, slot, value) }) };
  }
  const layout = program.set.layoutBySource.get(program.source.name), slot = root === 'features' ? layout?.slotByName.get(rest.join('.')) : undefined;
  if (slot === undefined) return undefined;
  const isInteger = layout?.types[slot] === 'int' || layout?.types[slot] === 'money';
  return { isInteger, read: ({ vector }) => asNumber(vector.numbers[slot]), replace: (input, value) => ({ ...input, vector: withNumber(input.vector, slot, value) }) };
}

const asNumber = (value: unknown): number | undefined => (typeof value === 'number' && !Number.isNaN(value) ? value : undefined);
const withValue = (event: StreamEvent, slot: number, value: number): StreamEvent => ({ ...event, values: event.values.with(slot, value) });
const withNumber = (vector: FeatureVector, slot: number, value: number): FeatureVector => ({ ...vector, numbers: vector.numbers.with(slot, value) });
