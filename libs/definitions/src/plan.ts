import { decidedSource } from './check-references';
import type { DefinitionSet, FeatureView } from './definition-set';
import type { Kind } from './document-schema';
import { diffSets } from './diff';
import type { DefinitionChange, SetDiff } from './diff';
import { formatDuration } from './duration';
import { downstream, lineage } from './lineage';
import type { LineageKind } from './lineage';
import { longestReachMs, stateAssumptionDefault, stateBytesPerKey } from './state-size';
import type { StateAssumption } from './state-size';

export type WarningCode = 'IN_USE' | 'SHORT_NAME' | 'PATTERN_LANE' | 'PARTITION' | 'ENTITY_UNUSED' | 'RULE_NEVER_ON' | 'SHADOW_MATCH' | 'LATENESS';
export interface PlanWarning { readonly code: WarningCode; readonly kind: Kind; readonly name: string; readonly text: string }

export interface SetPlan extends SetDiff {
  readonly fromSet: string | null;
  readonly toSet: string;
  /** What uses each definition that is changed or removed, now or afterwards, as `kind:name`. */
  readonly dependants: ReadonlyArray<{ readonly kind: Kind; readonly name: string; readonly usedBy: readonly string[] }>;
  readonly warnings: readonly PlanWarning[];
  /** Predicted state of each view that is new or changed, and how much history fills it. */
  readonly cost: ReadonlyArray<{ readonly view: string; readonly bytesPerKey: number; readonly bytesPerKeyBefore: number | null; readonly backfillMs: number }>;
}

export interface PlanOptions { readonly lanes?: number; readonly state?: StateAssumption }

/** What applying `next` over `current` would do, whom it concerns and what it costs. */
export function planSet(current: DefinitionSet | undefined, next: DefinitionSet, options: PlanOptions = {}): SetPlan {
  const diff = diffSets(current, next);
  const dependants = dependantsOf([...diff.changed, ...diff.removed], current, next);
  const assumption = options.state ?? stateAssumptionDefault;
  const views = [...diff.added, ...diff.changed].flatMap((change) => (change.kind === 'FeatureView' ? next.views.get(change.name) ?? [] : []));
  return {
    ...diff, fromSet: current?.id ?? null, toSet: next.id, dependants,
    warnings: [...inUse(dependants, diff), ...setWarnings(next, options.lanes ?? 1)],
    cost: views.map((view) => ({ view: view.name, bytesPerKey: stateBytesPerKey(next, view, assumption), bytesPerKeyBefore: bytesBefore(current, view.name, assumption), backfillMs: longestReachMs(view) })),
  };
}

function bytesBefore(current: DefinitionSet | undefined, name: string, assumption: StateAssumption): number | null {
  const view = current?.views.get(name);
  return current === undefined || view === undefined ? null : stateBytesPerKey(current, view, assumption);
}

const lineageKindOf: Readonly<Record<Kind, LineageKind>> = { Source: 'source', Entity: 'entity', FeatureView: 'view', FeatureService: 'service', Table: 'table', Pattern: 'pattern', Rule: 'rule', List: 'list', Model: 'model', Policy: 'policy' };
const shownKinds = ['view', 'service', 'model', 'pattern', 'rule', 'policy', 'list'];

function dependantsOf(changes: readonly DefinitionChange[], current: DefinitionSet | undefined, next: DefinitionSet): SetPlan['dependants'] {
  const graphs = [...(current === undefined ? [] : [lineage(current)]), lineage(next)];
  return changes.flatMap(({ kind, name }) => {
    const used = new Set(graphs.flatMap((graph) => downstream(graph, `${lineageKindOf[kind]}:${name}`)).filter((id) => shownKinds.some((shown) => id.startsWith(`${shown}:`))));
    return used.size === 0 ? [] : [{ kind, name, usedBy: [...used].sort() }];
  });
}

function inUse(dependants: SetPlan['dependants'], diff: SetDiff): PlanWarning[] {
  const removed = new Set(diff.removed.map((change) => `${change.kind}/${change.name}`));
  return dependants.map(({ kind, name, usedBy }) => ({ code: 'IN_USE', kind, name, text: `${name} is ${removed.has(`${kind}/${name}`) ? 'removed' : 'changed'} and in use by ${usedBy.join(', ')}` }));
}

/** What is right but may not be what was meant. */
function setWarnings(set: DefinitionSet, lanes: number): PlanWarning[] {
  return [...nameWarnings(set), ...sourceWarnings(set), ...laneWarnings(set, lanes), ...ruleWarnings(set), ...entityWarnings(set)];
}

function nameWarnings(set: DefinitionSet): PlanWarning[] {
  const viewsByName = new Map<string, FeatureView[]>();
  for (const view of set.views.values()) for (const feature of view.features) viewsByName.set(feature.name, [...(viewsByName.get(feature.name) ?? []), view]);
  return [...viewsByName].filter(([, views]) => views.length > 1).flatMap(([name, views]) => views.slice(0, 1).map((view): PlanWarning => ({
    code: 'SHORT_NAME', kind: 'FeatureView', name: view.name, text: `several views have a feature ${name}; it is shown and asked for as ${views.map((each) => `${each.name}.${name}`).join(', ')}`,
  })));
}

function sourceWarnings(set: DefinitionSet): PlanWarning[] {
  return [...set.sources.values()].filter((source) => !source.builtin).flatMap((source) => {
    const warnings: PlanWarning[] = [];
    const entity = source.partitionBy === null ? undefined : set.entities.get(source.partitionBy);
    if (source.partitionBy !== null && (entity === undefined || entity.keys.some((key) => !source.slotByField.has(key)))) {
      warnings.push({ code: 'PARTITION', kind: 'Source', name: source.name, text: `partition_by names ${source.partitionBy}, which is no entity with a key in ${source.name}; several lanes would be chosen by ${source.id}` });
    }
    if (source.allowedLatenessMs < source.writtenAllowedLatenessMs) {
      warnings.push({ code: 'LATENESS', kind: 'Source', name: source.name, text: `events may be ${formatDuration(source.allowedLatenessMs)} late and not ${formatDuration(source.writtenAllowedLatenessMs)}: no window over ${source.name} looks further back` });
    }
    return warnings;
  });
}

function laneWarnings(set: DefinitionSet, lanes: number): PlanWarning[] {
  if (lanes <= 1) return [];
  return [...set.patterns.values()].flatMap((pattern) => pattern.sources.flatMap((name): PlanWarning[] => {
    const partition = set.sources.get(name)?.partitionBy ?? null;
    return partition === pattern.entity ? [] : [{ code: 'PATTERN_LANE', kind: 'Pattern', name: pattern.name, text: `keyed by ${pattern.entity}, while ${name} is divided into ${lanes} lanes by ${partition ?? 'its id'}: it matches within each lane alone` }];
  }));
}

function ruleWarnings(set: DefinitionSet): PlanWarning[] {
  const shadowed = [...set.patterns.values()].filter((pattern) => pattern.mode !== 'live').map((pattern) => pattern.name);
  return [...set.rules.values()].flatMap((rule) => {
    const warnings: PlanWarning[] = [];
    if (rule.validFromMs !== null && rule.validToMs !== null && rule.validFromMs >= rule.validToMs) warnings.push({ code: 'RULE_NEVER_ON', kind: 'Rule', name: rule.name, text: 'valid_to is not after valid_from: the rule is never on' });
    const hidden = rule.mode === 'live' ? shadowed.filter((name) => new RegExp(`\\bmatches\\.${name}\\b`).test(rule.when)) : [];
    for (const name of hidden) warnings.push({ code: 'SHADOW_MATCH', kind: 'Rule', name: rule.name, text: `matches.${name} is never true for a live rule: the pattern is ${set.patterns.get(name)?.mode ?? 'off'}` });
    return warnings;
  });
}

function entityWarnings(set: DefinitionSet): PlanWarning[] {
  const decided = decidedSource(set);
  return [...set.entities.values()].flatMap((entity): PlanWarning[] => {
    const held = [...set.sources.values()].some((source) => entity.keys.every((key) => source.slotByField.has(key)));
    return held || decided === undefined ? [] : [{ code: 'ENTITY_UNUSED', kind: 'Entity', name: entity.name, text: `no source has its key ${entity.keys.join(', ')}` }];
  });
}
