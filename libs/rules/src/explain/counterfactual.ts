import type { FeatureVector, Outcome, StreamEvent } from '@weir/contracts';
import type { DecisionInput } from '../decide/decision-input';
import type { DecisionProgram } from '../decide/decision-program';
import { clausesOf } from '../index/clauses';
import { isNumeric, type Predicate } from '../index/predicate';
import type { ConditionFrame } from '@weir/definitions';
import { labelOf } from './labels';

/** The smallest change of one value alone that would have given a milder outcome. The model's p is held as it was. */
export interface Counterfactual {
  readonly path: string;
  readonly outcome: Outcome;
  readonly current: number;
  /** `approve if amount were below 812.00`. */
  readonly text: string;
  readonly relation: 'below' | 'at most' | 'at least' | 'above';
  readonly limit: number;
}

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
  const found = [...limitsByPath].flatMap(([path, limits]) => nearest(program, input, { path, limits: [...limits], before: base.outcome }) ?? []);
  const change = ({ current, limit }: Counterfactual): number => Math.abs(limit - current) / Math.max(1, Math.abs(current));
  return found.sort((a, b) => severity[a.outcome] - severity[b.outcome] || change(a) - change(b) || (a.path < b.path ? -1 : 1));
}

function numericPredicates(tree: Parameters<typeof clausesOf<ConditionFrame>>[0]): Predicate<ConditionFrame>[] {
  return clausesOf<ConditionFrame>(tree).flatMap(({ predicates }) => predicates).filter(({ path }) => isNumeric(path.type) && path.type.kind !== 'timestamp');
}

interface Search { readonly path: string; readonly limits: readonly number[]; readonly before: Outcome }

function nearest(program: DecisionProgram, input: DecisionInput, { path, limits, before }: Search): Counterfactual | undefined {
  const place = placeOf(program, path);
  const current = place?.read(input);
  if (!place || current === undefined) return undefined;
  for (const limit of [...limits].sort((a, b) => Math.abs(a - current) - Math.abs(b - current)).slice(0, limitsMax)) {
    for (const { value, relation } of beside(limit, current, place.isInteger)) {
      const { outcome } = program.decide(place.replace(input, value));
      if (severity[outcome] >= severity[before]) continue;
      const label = labelOf(path.split('.'), program.set, program.source);
      return { path, outcome, current, relation, limit, text: `${outcome} if ${label.name} were ${relation} ${label.format(limit)}` };
    }
  }
  return undefined;
}

/** The limit itself, then the value just past it, as seen from where the value is now. */
function beside(limit: number, current: number, isInteger: boolean): readonly { readonly value: number; readonly relation: Counterfactual['relation'] }[] {
  const step = isInteger ? 1 : Math.max(Math.abs(limit), 1e-9) * 1e-9;
  const isBelow = limit < current;
  const steps = isBelow ? [{ value: limit, relation: 'at most' as const }, { value: limit - step, relation: 'below' as const }] : [{ value: limit, relation: 'at least' as const }, { value: limit + step, relation: 'above' as const }];
  return limit === current ? [{ value: limit - step, relation: 'below' }, { value: limit + step, relation: 'above' }] : steps;
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
