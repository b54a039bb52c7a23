import type { Action, Entity, FeatureService, List, Model, Pattern, Policy, Rule, RuleLike, Table } from './definition-set';
import type { Read, ReadAction } from './document-schema';
import { writtenStep } from './pattern-steps';
import type { Report } from './report';
import { resolveFields } from './resolve-source';

const documented = (read: { readonly name: string; readonly owner?: string | undefined; readonly description?: string | undefined; readonly tags?: readonly string[] | undefined }): { name: string; version: number; owner: string | null; description: string | null; tags: readonly string[] } =>
  ({ name: read.name, version: 1, owner: read.owner ?? null, description: read.description ?? null, tags: read.tags ?? [] });

export function resolveEntity(read: Read<'Entity'>, report: Report): Entity {
  const keys = typeof read.key === 'string' ? [read.key] : read.key;
  if (new Set(keys).size < keys.length) report(['key'], 'different fields', keys.join(', '));
  return { kind: 'Entity', ...documented(read), keys, hot: read.hot ?? false };
}

export function resolveTable(read: Read<'Table'>, report: Report): Table {
  const fields = resolveFields(read.fields, report);
  if (!fields.some((field) => field.name === read.key)) report(['key'], `one of the fields: ${fields.map((field) => field.name).join(', ')}`, read.key);
  return { kind: 'Table', ...documented(read), key: read.key, fields };
}

export const resolveList = (read: Read<'List'>): List =>
  ({ kind: 'List', ...documented(read), of: read.of, effect: read.effect ?? 'none', match: read.match ?? 'exact', ttlMs: read.ttl ?? null });

/** A span that ends before it begins is no error: the rule is off, and a plan says so. */
export const resolveRule = (read: Read<'Rule'>): Rule =>
  ({ kind: 'Rule', ...documented(read), when: read.when, ...ruleLike(read), validFromMs: read.valid_from ?? null, validToMs: read.valid_to ?? null });

/** `sources` stays empty where none are written: the decided one is put in when all are known. */
export function resolvePattern(read: Read<'Pattern'>, report: Report): Pattern {
  const steps = Array.isArray(read.pattern) ? read.pattern : read.pattern.steps;
  const jsonWithin = Array.isArray(read.pattern) ? undefined : read.pattern.within?.ms;
  if (jsonWithin !== undefined && read.within !== undefined) report(['within'], 'within once', 'within in the pattern, too');
  return {
    kind: 'Pattern', ...documented(read), entity: read.key, steps: steps.map(writtenStep), withinMs: read.within ?? jsonWithin ?? null, matching: read.matching ?? 'eager',
    sources: read.sources ?? [], skip: read.skip ?? 'none', onChange: read.on_change ?? 'finish', onTimeout: read.on_timeout ?? 'none', ...ruleLike(read),
  };
}

function ruleLike(read: Pick<Read<'Rule'>, 'mode' | 'weight' | 'outcome' | 'reason' | 'then' | 'name'>): RuleLike {
  return { mode: read.mode ?? 'live', weight: read.weight ?? 0, outcome: read.outcome ?? 'none', reason: read.reason ?? read.name, then: (read.then ?? []).map(resolveAction) };
}

/** An action's value is empty where none is written: the field that the list is of is put in when lists are known. */
function resolveAction(read: ReadAction): Action {
  if ('add_to_list' in read) return { do: 'add_to_list', list: read.add_to_list.list, value: read.add_to_list.value ?? '', ttlMs: read.add_to_list.ttl ?? null };
  if ('alert' in read) return { do: 'alert', severity: read.alert };
  return 'tag' in read ? { do: 'tag', tag: read.tag } : { do: 'webhook', url: read.webhook };
}

/** `features` as written; wildcards are spread when views are known. */
export const resolveService = (read: Read<'FeatureService'>): FeatureService => ({ kind: 'FeatureService', ...documented(read), features: read.features });

export function resolveModel(read: Read<'Model'>, report: Report): Model {
  const role = read.role ?? 'champion';
  if (read.share !== undefined && role !== 'challenger') report(['share'], 'share for a challenger alone', `a ${role}`);
  return {
    kind: 'Model', ...documented(read), file: read.file, sha256: read.sha256 ?? null, features: read.features, output: read.output ?? 'probabilities[1]', role,
    share: read.share ?? 0, background: read.background ?? null,
  };
}

export const defaultPolicy = Object.freeze({ bands: Object.freeze({ review: 0.3, block: 0.8 }), deadlineMs: 100, fallback: 'review', onDegraded: 'fallback', alertAbove: 0.8, exploration: 0, maxLag: null, sla: Object.freeze([]) } as const);

export function resolvePolicy(read: Read<'Policy'>, report: Report): Policy {
  const bands = { review: read.bands?.review ?? defaultPolicy.bands.review, block: read.bands?.block ?? defaultPolicy.bands.block };
  if (bands.review > bands.block) report(['bands'], 'review at most block', `review ${bands.review}, block ${bands.block}`);
  return {
    kind: 'Policy', ...documented(read), when: read.when ?? null, order: read.order ?? 0, bands, deadlineMs: read.deadline ?? defaultPolicy.deadlineMs,
    fallback: read.fallback ?? defaultPolicy.fallback, onDegraded: read.on_degraded ?? defaultPolicy.onDegraded, alertAbove: read.alert_above ?? defaultPolicy.alertAbove, exploration: read.exploration ?? 0, maxLag: read.max_lag ?? null,
    sla: resolveSla(read.sla ?? [], report),
  };
}

function resolveSla(steps: NonNullable<Read<'Policy'>['sla']>, report: Report): Policy['sla'] {
  const sorted = steps.map(({ from = 0, within }) => ({ from, withinMs: within })).sort((a, b) => a.from - b.from);
  for (const [index, { from }] of sorted.entries()) if (index > 0 && sorted[index - 1]?.from === from) report(['sla'], 'one step for each expected loss', `two from ${from}`);
  return sorted;
}
