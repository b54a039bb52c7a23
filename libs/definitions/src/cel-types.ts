import type { FeatureType } from '@weir/contracts';
import { celTypeOfField } from '@weir/expressions';
import type { CelType } from '@weir/expressions';
import type { Feature, Source } from './definition-set';

/** What a feature's type is inside an expression; `source` is its view's, whose fields say what a list holds. */
export function celTypeOfFeature(feature: Feature, source: Source | undefined): CelType {
  if (feature.type === 'counts') return { kind: 'map', of: { kind: 'int' } };
  if (feature.type !== 'list') return celTypeOfField(feature.type);
  const field = feature.form === 'aggregate' ? source?.fields.find((each) => each.name === feature.of[0]) : undefined;
  return { kind: 'list', of: field === undefined ? { kind: 'dyn' } : celTypeOfField(field.type) };
}

/** The feature type of an expression's result; undefined where one feature can't hold it. */
export function featureTypeOfCel(type: CelType): FeatureType | undefined {
  switch (type.kind) {
    case 'int': return 'int';
    case 'double': return 'number';
    case 'bool': return 'bool';
    case 'string': return 'string';
    case 'timestamp': return 'timestamp';
    case 'list': return 'list';
    case 'map': return 'counts';
    case 'duration': case 'null': case 'dyn': return undefined;
  }
}
