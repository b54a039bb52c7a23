import { stringify } from 'yaml';
import { canonicalJson, sha256Hex } from './canonical-json';
import type { Action, DefinitionSet, Entity, Feature, FeatureService, FeatureView, Field, List, Model, Pattern, Policy, Rule, RuleLike, Source, Table, Window } from './definition-set';
import type { Kind } from './document-schema';
import { formatDuration } from './duration';

export type Definition = Source | Entity | FeatureView | FeatureService | Table | Pattern | Rule | List | Model | Policy;

/** One JSON value of a document; members that say nothing are left out. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * A definition written out in full, in the language users write: every default explicit, windows spread, durations in their shortest
 * form. Reading it back gives the same definition, also under later defaults.
 */
export function canonicalDocument(definition: Definition): { readonly [key: string]: Json | undefined } {
  const { kind, name, owner, description, tags } = definition;
  return { kind, name, ...present({ owner, description }), ...(tags.length > 0 ? { tags: [...tags] } : {}), ...bodyOf(definition) };
}

/** SHA-256 of what a definition means: its canonical document without description, owner and tags. Equal ids are one version. */
export function meaningId(definition: Definition): string {
  const { owner: _owner, description: _description, tags: _tags, ...meaning } = canonicalDocument(definition.kind === 'FeatureView' ? { ...definition, features: definition.features.map((feature) => ({ ...feature, description: null })) } : definition);
  return sha256Hex(canonicalJson(meaning));
}

/** Definitions as YAML documents, written out in full. */
export const definitionsYaml = (definitions: readonly Definition[]): string =>
  definitions.map((definition) => stringify(canonicalDocument(definition), { lineWidth: 140 })).join('---\n');

/** `Kind/name`, the key of a definition in its set. */
export const definitionKey = (definition: { readonly kind: Kind; readonly name: string }): string => `${definition.kind}/${definition.name}`;

/** All definitions that were written, kind by kind, by name; built-in sources are not among them. */
export const definitionsOf = (set: Omit<DefinitionSet, 'id' | 'canonicalJson' | 'layoutBySource'>): Definition[] => [
  ...[...set.sources.values()].filter((source) => !source.builtin), ...set.entities.values(), ...set.views.values(), ...set.services.values(), ...set.tables.values(), ...set.patterns.values(),
  ...set.rules.values(), ...set.lists.values(), ...set.models.values(), ...set.policies.values(),
];

type Members = Readonly<Record<string, Json | undefined>>;

/** Leaves out null and undefined. */
const present = (members: Members): Members => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));
const durationOf = (ms: number | null): string | null => (ms === null ? null : formatDuration(ms));

function bodyOf(definition: Definition): Members {
  switch (definition.kind) {
    case 'Source': return sourceBody(definition);
    case 'Entity': return { key: [...definition.keys], hot: definition.hot };
    case 'FeatureView': return { entity: definition.entity, source: definition.source, ...present({ where: definition.where, ttl: durationOf(definition.ttlMs) }), features: definition.features.map(featureDocument) };
    case 'FeatureService': return { features: [...definition.features] };
    case 'Table': return { key: definition.key, fields: fieldsDocument(definition.fields) };
    case 'Pattern': return {
      key: definition.entity, pattern: definition.steps.map(toJson), ...present({ within: durationOf(definition.withinMs) }), matching: definition.matching,
      sources: [...definition.sources], skip: toJson(definition.skip), on_change: definition.onChange, ...(definition.onTimeout === 'none' ? {} : { on_timeout: definition.onTimeout }), ...ruleLikeBody(definition),
    };
    case 'Rule': return { when: definition.when, ...ruleLikeBody(definition), ...present({ valid_from: definition.validFromMs, valid_to: definition.validToMs }) };
    case 'List': return { of: definition.of, effect: definition.effect, match: definition.match, ...present({ ttl: durationOf(definition.ttlMs) }) };
    case 'Model': return {
      file: definition.file, features: definition.features, output: definition.output, role: definition.role, ...present({ sha256: definition.sha256, background: definition.background }),
      ...(definition.role === 'challenger' ? { share: definition.share } : {}),
    };
    case 'Policy': return {
      ...present({ when: definition.when }), order: definition.order, bands: { ...definition.bands }, deadline: formatDuration(definition.deadlineMs),
      fallback: definition.fallback, on_degraded: definition.onDegraded, alert_above: definition.alertAbove, exploration: definition.exploration, ...present({ max_lag: definition.maxLag }),
      ...(definition.sla.length === 0 ? {} : { sla: definition.sla.map(({ from, withinMs }) => ({ from, within: formatDuration(withinMs) })) }),
    };
  }
}

const sourceBody = (source: Source): Members => ({
  id: source.id, time: source.time, ...present({ sent_at: source.sentAt, partition_by: source.partitionBy, history_from: source.historyFromMs }), decide: source.decide, fields: fieldsDocument(source.fields),
  late: {
    out_of_orderness: formatDuration(source.outOfOrdernessMs), allowed_lateness: formatDuration(source.writtenAllowedLatenessMs), max_future: formatDuration(source.maxFutureMs),
    max_skew: formatDuration(source.maxSkewMs), idle_timeout: formatDuration(source.idleTimeoutMs),
  },
});

const fieldsDocument = (fields: readonly Field[]): Members => Object.fromEntries(fields.map((field) => [field.name, {
  type: `${field.type}${field.required ? '!' : ''}`,
  ...present({ from: field.from === field.name ? null : field.from, decimals: field.decimals, class: field.class, mask: field.mask, min: field.min, max: field.max, enum: field.enum, matches: field.matches }),
  ...(field.tokenise ? { tokenise: true } : {}),
}]));

function featureDocument(feature: Feature): Members {
  const common = { name: feature.name, ...present({ description: feature.description }) };
  if (feature.form === 'expression') return { ...common, expr: feature.expr };
  const [of, second] = feature.of;
  return {
    ...common, agg: feature.agg === 'percentile' ? `p${feature.percentile ?? 50}` : feature.agg, ...present({ of: of === undefined ? null : second === undefined ? of : [of, second], where: feature.where }),
    ...windowMembers(feature.window), current: feature.current,
    ...present({ k: feature.k, n: feature.n, half_life: durationOf(feature.halfLifeMs) }), ...(feature.agg === 'distinct' ? { exact_up_to: feature.exactUpTo } : {}),
  };
}

const hopText = (hopMs: number): string => (hopMs === 1 ? 'exact' : Number.isInteger(hopMs) ? formatDuration(hopMs) : 'W/60');

function windowMembers(window: Window): Members {
  switch (window.kind) {
    case 'sliding': return { window: formatDuration(window.sizeMs), bounds: window.bounds, delay: formatDuration(window.delayMs), hop: hopText(window.hopMs) };
    case 'tumbling': return { window: { kind: 'tumbling', size: formatDuration(window.sizeMs), ...present({ zone: window.zone }) } };
    case 'hopping': return { window: { kind: 'hopping', size: formatDuration(window.sizeMs), slide: formatDuration(window.slideMs), ...present({ zone: window.zone }) } };
    case 'session': return { window: { kind: 'session', gap: formatDuration(window.gapMs) } };
    case 'rows': return { window: { last: window.last } };
    case 'calendar': return { window: { kind: window.unit, zone: window.zone } };
    case 'lifetime': return window.delayMs === 0 ? {} : { delay: formatDuration(window.delayMs) };
  }
}

const ruleLikeBody = (rule: RuleLike): Members => ({ mode: rule.mode, weight: rule.weight, outcome: rule.outcome, reason: rule.reason, then: rule.then.map(actionDocument) });

function actionDocument(action: Action): Members {
  switch (action.do) {
    case 'add_to_list': return { add_to_list: { list: action.list, value: action.value, ...present({ ttl: durationOf(action.ttlMs) }) } };
    case 'alert': return { alert: action.severity };
    case 'tag': return { tag: action.tag };
    case 'webhook': return { webhook: action.url };
  }
}

/** Plain data as JSON: what the schema let through has nothing else in it. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object') return null;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined).map(([key, member]) => [key, toJson(member)]));
}
