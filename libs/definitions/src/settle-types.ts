import type { FeatureType } from '@weir/contracts';
import type { Resolved } from './bindings';
import { celTypeOfFeature, featureTypeOfCel } from './cel-types';
import { checkExpression } from './check-expression';
import type { DefinitionSet, Feature, FeatureView } from './definition-set';
import { expressionEnvironment, exprSources, viewEnvironment } from './environments';
import type { Report } from './report';
import { checkOfType, isPlainName, typeOfAggregate } from './resolve-view';
import type { DraftFeature, DraftView } from './resolve-view';

type Scope = Pick<DefinitionSet, 'sources' | 'entities' | 'tables' | 'views'>;

/**
 * Gives every expression its type and its dependencies, in whatever order they refer to each other; a cycle is reported with the way
 * round it.
 */
export function settleTypes({ view, drafts }: DraftView, scope: Scope, report: Report): FeatureView {
  const source = scope.sources.get(view.source);
  const draftByName = new Map(drafts.map((draft) => [draft.feature.name, draft]));
  const settled = new Map<string, Feature>();
  const open: string[] = [];
  const sources = exprSources(scope, view);

  const resolveName = (name: string): Resolved => {
    const draft = draftByName.get(name);
    if (draft === undefined) return `features of ${view.name}: ${[...draftByName.keys()].join(', ')}`;
    if (open.includes(name)) return `no cycle: ${[...open.slice(open.indexOf(name)), name].join(' needs ')}`;
    const type = celTypeOfFeature(settle(draft), source);
    return { type, read: () => undefined };
  };
  const settle = (draft: DraftFeature): Feature => {
    const { feature } = draft;
    const known = settled.get(feature.name);
    if (known !== undefined) return known;
    open.push(feature.name);
    const result = feature.form === 'expression' ? settleExpression(draft, feature) : settleOf(draft, feature);
    open.pop();
    settled.set(feature.name, result);
    return result;
  };
  const settleExpression = (draft: DraftFeature, feature: Extract<Feature, { form: 'expression' }>): Feature => {
    const compiled = checkExpression({
      source: feature.expr, environment: expressionEnvironment(sources, resolveName),
      fits: (type) => (featureTypeOfCel(type) === undefined ? 'a value of one type: number, text, bool, timestamp or a list' : undefined),
      report: (expected, got) => report([...draft.path, 'expr'], expected, got),
    });
    if (compiled === undefined) return feature;
    return { ...feature, type: featureTypeOfCel(compiled.type) ?? 'number', dependsOn: compiled.reads.filter((name) => draftByName.has(name)) };
  };
  const settleOf = (draft: DraftFeature, feature: Extract<Feature, { form: 'aggregate' }>): Feature => {
    const [of] = feature.of;
    if (feature.of.length !== 1 || of === undefined || isPlainName(of) || draft.shape === undefined) return feature;
    const { shape } = draft;
    let type: FeatureType | undefined;
    checkExpression({
      source: of, environment: viewEnvironment(scope, view), fits: (cel) => ((type = featureTypeOfCel(cel)) === undefined || type === 'list' || type === 'counts' ? 'a single value' : undefined),
      report: (expected, got) => report([...draft.path, 'of'], expected, got),
    });
    if (type === undefined) return feature;
    checkOfType(type, { name: of, agg: feature.agg, shape, report: (path, expected, got) => report([...draft.path, ...path], expected, got) });
    return { ...feature, type: typeOfAggregate(shape, type) };
  };
  return { ...view, features: drafts.map(settle) };
}
