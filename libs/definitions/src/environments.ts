import type { FeatureLayout } from '@weir/contracts';
import type { Binding, CelType, Environment } from '@weir/expressions';
import { FeatureNames, eventFieldReader, featureBinding, profileBinding, txBinding, vectorReader } from './bindings';
import type { FeatureScope, FieldScope, Resolved } from './bindings';
import { celTypeOfFeature } from './cel-types';
import type { ConditionFrame } from './condition-frame';
import { featureFunctions, takenFunctions } from './condition-functions';
import type { DefinitionSet, FeatureView, Pattern, Source } from './definition-set';

export type ConditionEnvironment = Environment<ConditionFrame>;
type Roots = Readonly<Record<string, (rest: readonly string[]) => Resolved>>;

/** Roots that a pattern's step can't be called. */
export const reservedRoots: ReadonlySet<string> = new Set(['tx', 'features', 'profile', 'lists', 'matches', 'score']);

/** A frame with nothing in it; its owner fills it in place and uses it again. */
export const emptyFrame = (): ConditionFrame =>
  ({ event: undefined, vector: undefined, profiles: undefined, matched: undefined, lists: undefined, score: undefined, taken: undefined });

/** What rules, actions and policies see of an event of the source: `tx features matches lists profile score`. */
export function ruleEnvironment(set: Omit<DefinitionSet, 'id' | 'canonicalJson'>, source: Source): ConditionEnvironment {
  const names = FeatureNames.of(set);
  const roots: Roots = {
    tx: (rest) => (rest[0] === undefined || rest.length > 1 ? fieldsOf([source]) : txBinding([source], rest[0])),
    features: (rest) => featureBinding(set, names, [source], rest),
    profile: (rest) => profileBinding(set, [source], rest),
    matches: (rest) => matchBinding(set, rest),
    score: (rest) => (rest.length === 0 ? { type: { kind: 'double' }, read: (frame) => frame.score } : 'score alone'),
    lists: () => `a test such as tx.card_id in lists.NAME; lists: ${[...set.lists.keys()].join(', ') || 'none'}`,
  };
  return {
    resolve: (path) => resolveRoot(roots, path),
    membership: ([root, name, ...more]) => {
      if (root !== 'lists' || name === undefined || more.length > 0 || !set.lists.has(name)) return undefined;
      return {
        test: (frame, value) => {
          if (value === undefined || frame.lists === undefined || frame.event === undefined) return undefined;
          return frame.lists.holds(name, typeof value === 'string' ? value : String(value), frame.event.timeMs);
        },
      };
    },
  };
}

/** Conditions of policies see what rules see. */
export const policyEnvironment = ruleEnvironment;

/** What a view's `where`, a feature's `where` and an `of` that is an expression see: `tx` and `profile`. */
export function viewEnvironment(set: FieldScope, view: Pick<FeatureView, 'source'>): ConditionEnvironment {
  const source = set.sources.get(view.source);
  const sources = source === undefined ? [] : [source];
  const roots: Roots = {
    tx: (rest) => (rest[0] === undefined || rest.length > 1 ? fieldsOf(sources) : txBinding(sources, rest[0])),
    profile: (rest) => profileBinding(set, sources, rest),
  };
  return { resolve: (path) => resolveRoot(roots, path) };
}

/**
 * What an `expr` sees: the view's features by bare name, `tx.`, and `ratio trend zscore`. Features are read from a vector of `layout`,
 * by default that of the view's own source. `tx` is the current event, also one of
 * another source that has the key: a field that it lacks, or has of another type, is missing, as all are where there is no current event.
 */
export function exprEnvironment(set: FeatureScope, view: FeatureView, options: { readonly layout?: FeatureLayout } = {}): ConditionEnvironment {
  const layout = options.layout ?? set.layoutBySource.get(view.source);
  const source = set.sources.get(view.source);
  const bindings = new Map<string, Binding<ConditionFrame>>();
  for (const feature of view.features) {
    const slot = layout?.slotByName.get(`${view.name}.${feature.name}`);
    if (layout !== undefined && slot !== undefined) bindings.set(feature.name, { type: celTypeOfFeature(feature, source), read: vectorReader(layout, slot) });
  }
  const known = `features of ${view.name}: ${view.features.map((feature) => feature.name).join(', ')}`;
  return expressionEnvironment(exprSources(set, view), (name) => bindings.get(name) ?? known);
}

/** The environment of an `expr` whose features are looked up by the caller; the view's own source is the first. */
export function expressionEnvironment(sources: readonly Source[], feature: (name: string) => Resolved): ConditionEnvironment {
  const own = sources.slice(0, 1);
  return {
    resolve: ([root, ...rest]) => {
      if (root !== 'tx') return root === undefined || rest.length > 0 ? 'a feature of the view by its bare name, or tx.FIELD' : feature(root);
      const [name] = rest;
      if (name === undefined || rest.length > 1) return fieldsOf(own);
      const kind = own[0] && eventFieldReader(own[0], name)?.type.kind;
      return kind === undefined ? txBinding(own, name) : txBinding(sources.filter((source) => eventFieldReader(source, name)?.type.kind === kind), name, { open: true });
    },
    functions: featureFunctions,
  };
}

/** The view's source, and the others whose events have the entity's key: what the current event of a decision with the view can be. */
export function exprSources(set: Pick<DefinitionSet, 'sources' | 'entities'>, view: Pick<FeatureView, 'source' | 'entity'>): Source[] {
  const own = set.sources.get(view.source);
  const keys = set.entities.get(view.entity)?.keys ?? [];
  if (own === undefined) return [];
  return [own, ...[...set.sources.values()].filter((source) => source !== own && !source.builtin && keys.every((key) => source.slotByField.has(key)))];
}

/**
 * What a pattern's step sees: `tx`, `features`, `profile`, and the events taken so far by step name: `count(small)`, `sum(small.amount)`,
 * `avg min max first last`. Events may be of several sources.
 */
export function patternEnvironment(set: FeatureScope, pattern: Pick<Pattern, 'sources'>, stepNames: readonly string[]): ConditionEnvironment {
  const sources = pattern.sources.flatMap((name) => set.sources.get(name) ?? []);
  const names = FeatureNames.of(set);
  const steps = new Set(stepNames);
  const roots: Roots = {
    tx: (rest) => (rest[0] === undefined || rest.length > 1 ? fieldsOf(sources) : txBinding(sources, rest[0])),
    features: (rest) => featureBinding(set, names, sources, rest),
    profile: (rest) => profileBinding(set, sources, rest),
  };
  return {
    resolve: (path) => (path[0] !== undefined && steps.has(path[0]) ? takenBinding(sources, path[0], path.slice(1)) : resolveRoot(roots, path, steps)),
    functions: takenFunctions,
  };
}

/** The events a step holds, or one field of each; a field that an event lacks stands as missing in the list. */
function takenBinding(sources: readonly Source[], step: string, rest: readonly string[]): Resolved {
  const [field] = rest;
  if (field === undefined) return { type: { kind: 'list', of: { kind: 'dyn' } }, read: (frame) => frame.taken?.get(step) ?? [] };
  const typed = rest.length > 1 ? 'one field' : txBinding(sources, field);
  if (typeof typed === 'string') return typed;
  const readBySource = new Map(sources.map((source) => [source.name, eventFieldReader(source, field)?.read]));
  const type: CelType = { kind: 'list', of: typed.type };
  return { type, read: (frame) => (frame.taken?.get(step) ?? []).map((event) => readBySource.get(event.source)?.(event)) };
}

function matchBinding(set: Pick<DefinitionSet, 'patterns'>, [name, ...more]: readonly string[]): Resolved {
  if (name === undefined || more.length > 0 || !set.patterns.has(name)) return `patterns: ${[...set.patterns.keys()].join(', ') || 'none'}`;
  return { type: { kind: 'bool' }, read: (frame) => frame.matched?.has(name) ?? false };
}

function resolveRoot(roots: Roots, [root, ...rest]: readonly string[], steps: ReadonlySet<string> = new Set()): Resolved {
  const resolve = root !== undefined && Object.hasOwn(roots, root) ? roots[root] : undefined;
  return resolve === undefined ? `one of ${[...Object.keys(roots), ...steps].join(', ')}` : resolve(rest);
}

const fieldsOf = (sources: readonly Source[]): string => `fields of ${sources.map((source) => `${source.name}: ${source.fields.map((field) => field.name).join(', ')}`).join('; ')}`;
