import type { FeatureType, FieldType } from '@weir/contracts';
import type { Aggregate, Entity, Feature, FeatureView, Source } from './definition-set';
import type { Read, ReadFeature } from './document-schema';
import type { Report } from './report';
import { resolveWindows } from './resolve-window';

/** What an aggregate asks for: type of `of`, parameters, type of the value. */
interface AggregateShape {
  readonly of: 'none' | 'any' | 'optional' | 'number' | 'ordered' | 'place';
  readonly parameter?: 'k' | 'n' | 'half_life';
  readonly type: FeatureType | 'same' | 'sum';
}

const shapeByAggregate: ReadonlyMap<Aggregate, AggregateShape> = new Map<Aggregate, AggregateShape>([
  ['count', { of: 'optional', type: 'int' }], ['distinct', { of: 'any', type: 'int' }],
  ['sum', { of: 'number', type: 'sum' }], ['avg', { of: 'number', type: 'number' }], ['min', { of: 'ordered', type: 'same' }], ['max', { of: 'ordered', type: 'same' }],
  ['stddev', { of: 'number', type: 'number' }], ['variance', { of: 'number', type: 'number' }], ['stddev_pop', { of: 'number', type: 'number' }], ['variance_pop', { of: 'number', type: 'number' }],
  ['median', { of: 'number', type: 'number' }], ['percentile', { of: 'number', type: 'number' }],
  ['first', { of: 'any', type: 'same' }], ['last', { of: 'any', type: 'same' }], ['last_n', { of: 'any', parameter: 'n', type: 'list' }], ['last_distinct', { of: 'any', parameter: 'n', type: 'list' }],
  ['top_k', { of: 'any', parameter: 'k', type: 'list' }], ['counts_by', { of: 'any', parameter: 'k', type: 'counts' }],
  ['since_last', { of: 'none', type: 'number' }], ['since_first', { of: 'none', type: 'number' }],
  ['decay_sum', { of: 'number', parameter: 'half_life', type: 'number' }], ['geo_speed', { of: 'place', type: 'number' }],
]);

const distinctExactDefault = 256;

/** A feature whose type is not known yet: an expression, or an aggregate of one. `path` is where it was written. */
export interface DraftFeature { readonly feature: Feature; readonly path: readonly (string | number)[]; readonly shape: AggregateShape | undefined }
export interface DraftView { readonly view: FeatureView; readonly drafts: readonly DraftFeature[] }

/** Spreads windows and names the parts; types of expressions are settled later, when all views are known. */
export function resolveView(read: Read<'FeatureView'>, references: { readonly source: Source | undefined; readonly entity: Entity | undefined }, report: Report): DraftView {
  const { source, entity } = references;
  for (const key of entity?.keys ?? []) {
    if (source !== undefined && !source.slotByField.has(key)) report(['entity'], `an entity whose key is a field of ${source.name}`, `${read.entity}, whose key ${key} it lacks`);
  }
  const drafts: DraftFeature[] = [];
  const names = new Set<string>();
  read.features.forEach((feature, index) => {
    const at: Report = (path, expected, got) => report(['features', index, ...path], expected, got);
    for (const draft of resolveFeature(feature, { view: read.name, source, hot: entity?.hot ?? false, report: at })) {
      if (names.has(draft.name)) at(['name'], 'a name that is used once in the view', draft.name);
      names.add(draft.name);
      drafts.push({ feature: draft, path: ['features', index], shape: draft.form === 'aggregate' ? shapeByAggregate.get(draft.agg) : undefined });
    }
  });
  const view: FeatureView = {
    kind: 'FeatureView', name: read.name, version: 1, owner: read.owner ?? null, description: read.description ?? null, tags: read.tags ?? [],
    entity: read.entity, source: read.source, where: read.where ?? null, ttlMs: read.ttl === undefined || read.ttl === 0 ? null : read.ttl, features: drafts.map((draft) => draft.feature),
  };
  return { view, drafts };
}

interface FeatureContext { readonly view: string; readonly source: Source | undefined; readonly hot: boolean; readonly report: Report }

function resolveFeature(read: ReadFeature, context: FeatureContext): Feature[] {
  const { report } = context;
  const common = { name: read.name, view: context.view, description: read.description ?? null };
  if (read.expr !== undefined) {
    const foreign = (['agg', 'of', 'where', 'windows', 'window', 'bounds', 'delay', 'hop', 'current', 'k', 'n', 'half_life', 'exact_up_to'] as const).filter((key) => read[key] !== undefined);
    for (const key of foreign) report([key], 'expr alone', `${key} beside expr`);
    return [{ ...common, type: 'number', form: 'expression', expr: read.expr, dependsOn: [] }];
  }
  const aggregate = aggregateOf(read.agg, report);
  if (aggregate === undefined) return [];
  const shape = shapeByAggregate.get(aggregate.agg);
  if (shape === undefined) return [];
  checkParameters(read, aggregate.agg, shape, report);
  const of = read.of === undefined ? [] : typeof read.of === 'string' ? [read.of] : [...read.of];
  checkOf(of, { agg: aggregate.agg, shape, source: context.source, report });
  const type = typeOfAggregate(shape, context.source?.fields.find((field) => field.name === of[0])?.type);
  return resolveWindows(read, { hot: context.hot, report }).map(({ suffix, window }): Feature => ({
    ...common, name: `${read.name}${suffix}`, type, form: 'aggregate', agg: aggregate.agg, of, where: read.where ?? null, window, current: read.current ?? 'include',
    k: read.k ?? null, n: read.n ?? null, percentile: aggregate.percentile, halfLifeMs: read.half_life ?? null, exactUpTo: read.exact_up_to ?? distinctExactDefault,
  }));
}

/** `p95` is the percentile 95, `median` the percentile 50. */
function aggregateOf(written: string | undefined, report: Report): { readonly agg: Aggregate; readonly percentile: number | null } | undefined {
  const known = (): string => `${[...shapeByAggregate.keys()].filter((name) => name !== 'percentile').join(', ')}, p50 to p99.9`;
  if (written === undefined) {
    report(['agg'], `agg or expr; agg is one of ${known()}`, 'neither');
    return undefined;
  }
  const percent = /^p(\d{1,2}(?:\.\d{1,3})?)$/.exec(written)?.[1];
  if (percent !== undefined && Number(percent) > 0) return { agg: 'percentile', percentile: Number(percent) };
  for (const agg of shapeByAggregate.keys()) if (agg === written && agg !== 'percentile') return { agg, percentile: agg === 'median' ? 50 : null };
  report(['agg'], ['ratio', 'trend', 'zscore'].includes(written) ? `an expression: expr: "${written}(…)"` : `one of ${known()}`, written);
  return undefined;
}

function checkParameters(read: ReadFeature, agg: Aggregate, shape: AggregateShape, report: Report): void {
  for (const parameter of ['k', 'n', 'half_life'] as const) {
    if (shape.parameter === parameter && read[parameter] === undefined) report([parameter], `${parameter} for ${agg}`, 'nothing');
    if (shape.parameter !== parameter && read[parameter] !== undefined) report([parameter], `no ${parameter} for ${agg}`, String(read[parameter]));
  }
  if (read.exact_up_to !== undefined && agg !== 'distinct') report(['exact_up_to'], `no exact_up_to for ${agg}`, String(read.exact_up_to));
}

function checkOf(of: readonly string[], feature: { readonly agg: Aggregate; readonly shape: AggregateShape; readonly source: Source | undefined; readonly report: Report }): void {
  const { agg, shape, source, report } = feature;
  const count = shape.of === 'none' ? 0 : shape.of === 'place' ? 2 : 1;
  if (shape.of === 'optional' ? of.length > 1 : of.length !== count) {
    report(['of'], count === 2 ? 'of: [lat, lon]' : count === 0 ? `no of for ${agg}` : `one field for ${agg}`, of.length === 0 ? 'nothing' : of.join(', '));
    return;
  }
  if (source === undefined) return;
  for (const name of of) {
    if (!isPlainName(name)) continue;
    const type = source.fields.find((field) => field.name === name)?.type;
    if (type === undefined) report(['of'], `a field of ${source.name}: ${source.fields.map((field) => field.name).join(', ')}`, name);
    else checkOfType(type, { name, agg, shape, report });
  }
}

/** The type of `of` fits the aggregate, or it is said. */
export function checkOfType(type: FieldType | FeatureType, feature: { readonly name: string; readonly agg: string; readonly shape: AggregateShape; readonly report: Report }): void {
  const isNumber = type === 'number' || type === 'int' || type === 'money';
  const { shape } = feature;
  const fits = shape.of === 'number' || shape.of === 'place' ? isNumber : shape.of === 'ordered' ? isNumber || type === 'timestamp' : type !== 'list' && type !== 'counts';
  if (!fits) feature.report(['of'], `a numeric field for ${feature.agg}`, `${feature.name} of type ${type}`);
}

/** `of` is a field when it is a plain name, else an expression. */
export const isPlainName = (of: string): boolean => /^[A-Za-z_]\w*$/.test(of);

/** The type of an aggregate's value, by that of what it aggregates. */
export function typeOfAggregate(shape: AggregateShape, of: FeatureType | undefined): FeatureType {
  if (shape.type === 'same') return of ?? 'number';
  if (shape.type !== 'sum') return shape.type;
  return of === 'int' || of === 'money' ? of : 'number';
}
