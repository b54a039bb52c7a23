import { FeatureNames, type ConditionFrame, type DefinitionSet, type Feature, type Source } from '@weir/definitions';

/** What a feature usually is for the entity, from a longer window of the same thing in the same view. */
export type Usual = (frame: ConditionFrame) => number | undefined;
type Aggregate = Extract<Feature, { readonly form: 'aggregate' }>;

/** The longer window is at least so many times the feature's own. */
const timesLongerMin = 4;

/**
 * `tx_count_1h` beside `tx_count_30d`: so many in an hour as there were in 30 days on average; averages as they are over the longer time. undefined where the
 * view has no longer window of it. A longer window that is not filled yet makes the usual too low, never too high.
 */
export function usualOf(path: readonly string[], set: DefinitionSet, source: Source): Usual | undefined {
  if (path[0] !== 'features') return undefined;
  const found = FeatureNames.of(set).find(path.slice(1));
  if (typeof found === 'string') return undefined;
  const own = slidingOf(found.feature);
  if (own === undefined || !['count', 'sum', 'avg'].includes(own.feature.agg)) return undefined;
  const others = (set.views.get(found.view)?.features ?? []).flatMap((feature) => slidingOf(feature) ?? []);
  const longest = others.filter(({ feature, sizeMs }) => isSame(feature, own.feature) && sizeMs >= timesLongerMin * own.sizeMs).sort((a, b) => b.sizeMs - a.sizeMs)[0];
  const slot = longest && set.layoutBySource.get(source.name)?.slotByName.get(`${found.view}.${longest.feature.name}`);
  if (longest === undefined || slot === undefined) return undefined;
  const share = own.feature.agg === 'avg' ? 1 : own.sizeMs / longest.sizeMs;
  return (frame) => {
    const value = frame.vector?.numbers[slot];
    return value === undefined || Number.isNaN(value) ? undefined : rounded(value * share);
  };
}

function slidingOf(feature: Feature): { readonly feature: Aggregate; readonly sizeMs: number } | undefined {
  return feature.form === 'aggregate' && feature.window.kind === 'sliding' && feature.window.delayMs === 0 ? { feature, sizeMs: feature.window.sizeMs } : undefined;
}

const isSame = (one: Aggregate, other: Aggregate): boolean => one.agg === other.agg && one.where === other.where && one.of.join() === other.of.join();

/** Two digits are enough for what is usual; whole numbers stay whole. */
function rounded(value: number): number {
  return Math.abs(value) >= 10 ? Math.round(value) : Number(value.toPrecision(2));
}
