import type { FeatureLayout } from '@weir/contracts';
import type { DefinitionSet, FeatureView, Source } from './definition-set';

/** Views whose entity's key the source has, by name. */
export const viewsOfSource = (set: Pick<DefinitionSet, 'views' | 'entities'>, source: Source): FeatureView[] =>
  [...set.views.values()].filter((view) => set.entities.get(view.entity)?.keys.every((key) => source.slotByField.has(key)) ?? false);

/** The order of features in the vectors that events of a source carry. Short names where one view alone has the name, else `view.name`. */
export function layoutOf(views: readonly FeatureView[]): FeatureLayout {
  const features = views.flatMap((view) => view.features);
  const timesByName = new Map<string, number>();
  for (const feature of features) timesByName.set(feature.name, (timesByName.get(feature.name) ?? 0) + 1);
  const isUnique = (name: string): boolean => timesByName.get(name) === 1;
  const qualifiedNames = features.map((feature) => `${feature.view}.${feature.name}`);
  const slotByName = new Map<string, number>();
  features.forEach((feature, slot) => {
    slotByName.set(qualifiedNames[slot] ?? '', slot);
    if (isUnique(feature.name)) slotByName.set(feature.name, slot);
  });
  return { qualifiedNames, names: features.map((feature, slot) => (isUnique(feature.name) ? feature.name : qualifiedNames[slot] ?? feature.name)), types: features.map((feature) => feature.type), slotByName };
}
