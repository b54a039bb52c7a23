import type { StreamEvent } from '@weir/contracts';
import type { Action, ConditionFrame, DefinitionSet, Rule, RuleLike, Source } from '@weir/definitions';
import { compile, compileCondition, type Compiled, type Environment } from '@weir/expressions';
import { compileFacts, type Facts } from '../explain/facts';
import { ask } from './precedence';

/** An `add_to_list` ready to run. */
export interface ListAction { readonly list: string; readonly value: Compiled<ConditionFrame>; /** Infinity: for ever. */ readonly ttlMs: number }

/** What a live rule or pattern does when it fired, compiled. */
export interface Effects {
  readonly name: string;
  readonly weight: number;
  /** Its bit of `ask`; 0 asks for nothing. */
  readonly asks: number;
  readonly reason: string;
  readonly additions: readonly ListAction[];
  readonly alerts: boolean;
  readonly tags: readonly string[];
}

const askByOutcome: Readonly<Record<RuleLike['outcome'], number>> = { none: 0, review: ask.reviewRule, block: ask.blockRule, approve: ask.approveRule };

export function compileEffects(definition: RuleLike & { readonly name: string }, set: DefinitionSet, environment: Environment<ConditionFrame>): Effects {
  return {
    name: definition.name,
    weight: definition.weight,
    asks: askByOutcome[definition.outcome],
    reason: definition.reason,
    additions: definition.then.flatMap((action) => listAction(action, set, environment)),
    alerts: definition.then.some((action) => action.do === 'alert'),
    tags: definition.then.flatMap((action) => (action.do === 'tag' ? [action.tag] : [])),
  };
}

function listAction(action: Action, set: DefinitionSet, environment: Environment<ConditionFrame>): ListAction[] {
  if (action.do !== 'add_to_list') return [];
  return [{ list: action.list, value: compile(action.value, environment), ttlMs: action.ttlMs ?? set.lists.get(action.list)?.ttlMs ?? Infinity }];
}

export interface CompiledRule extends Effects {
  readonly definition: Rule;
  readonly condition: Compiled<ConditionFrame>;
  readonly facts: Facts;
  readonly fromMs: number;
  readonly toMs: number;
}

export function compileRule(rule: Rule, scope: { readonly set: DefinitionSet; readonly source: Source; readonly environment: Environment<ConditionFrame> }): CompiledRule {
  const condition = compileCondition(rule.when, scope.environment);
  return {
    ...compileEffects(rule, scope.set, scope.environment),
    definition: rule, condition, facts: compileFacts(condition.tree, scope),
    fromMs: rule.validFromMs ?? -Infinity, toMs: rule.validToMs ?? Infinity,
  };
}

export const isInForce = (rule: CompiledRule, event: StreamEvent): boolean => rule.fromMs <= event.timeMs && event.timeMs < rule.toMs;

/** How many rules are in force at a time, by binary search. */
export class InForce {
  private readonly from: Float64Array;
  private readonly to: Float64Array;

  constructor(rules: readonly CompiledRule[]) {
    const proper = rules.filter(({ fromMs, toMs }) => fromMs < toMs);
    this.from = Float64Array.from(proper, ({ fromMs }) => fromMs).sort();
    this.to = Float64Array.from(proper, ({ toMs }) => toMs).sort();
  }

  countAt(atMs: number): number {
    return countAtMost(this.from, atMs) - countAtMost(this.to, atMs);
  }
}

function countAtMost(sorted: Float64Array, limit: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
