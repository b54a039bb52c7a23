import type { DefinitionSet, Feature, FeatureView } from './definition-set';
import { isPlainName } from './resolve-view';

/** How busy an entity is thought to be when its state is estimated. */
export interface StateAssumption { /** Events of the entity in the view, per day. */ readonly eventsPerDay: number }
export const stateAssumptionDefault: StateAssumption = Object.freeze({ eventsPerDay: 5 });

/** More raw events than this become tiles, which are no larger. */
const rawEventsMax = 512;
const headerBytes = 48;
const placeBytes = 8;
const dayMs = 86_400_000;
const bytesByType: ReadonlyMap<string, number> = new Map([['bool', 1], ['int', 4], ['money', 4], ['number', 8], ['timestamp', 6], ['string', 10]]);
/** What an aggregate without an end keeps beside the raw events. */
const lifetimeBytesByAggregate: ReadonlyMap<string, number> = new Map([['distinct', 1024], ['median', 512], ['percentile', 512], ['top_k', 512], ['counts_by', 512], ['last_n', 64], ['last_distinct', 64]]);
const lifetimeBytesDefault = 16;

/**
 * Predicted bytes of one key of a view: header 48, then per raw event in the longest window (at most 512, after which tiles take over)
 * 8 bytes of time and place and its fields (bool 1, int and money 4, timestamp 6, text 10, number 8), then 16 bytes for each
 * aggregate without an end (a sketch 512, distinct 1024). An estimate for planning, right within a factor of about 2; not a bound.
 */
export function stateBytesPerKey(set: Pick<DefinitionSet, 'sources'>, view: FeatureView, assumption: StateAssumption = stateAssumptionDefault): number {
  const aggregates = view.features.filter((feature) => feature.form === 'aggregate');
  const reachMs = longestReachMs(view);
  const events = Math.min(rawEventsMax, Math.max(reachMs > 0 ? 1 : 0, (reachMs / dayMs) * assumption.eventsPerDay), ...rowsLimit(aggregates));
  const endless = aggregates.filter((feature) => feature.window.kind === 'lifetime').reduce((total, feature) => total + (lifetimeBytesByAggregate.get(feature.agg) ?? lifetimeBytesDefault), 0);
  return Math.round(headerBytes + events * (placeBytes + eventBytes(set, view)) + endless);
}

type AggregateFeature = Extract<Feature, { form: 'aggregate' }>;

/** The furthest a view looks back, ms; what has no end keeps no raw events for it and counts as 0. */
export const longestReachMs = (view: FeatureView): number => view.features.reduce((longest, feature) => Math.max(longest, feature.form === 'aggregate' ? reachOf(feature) : 0), 0);

function reachOf({ window }: AggregateFeature): number {
  switch (window.kind) {
    case 'sliding': return window.sizeMs + window.delayMs + Math.ceil(window.hopMs);
    case 'tumbling': case 'hopping': return window.sizeMs + window.slideMs;
    case 'session': return window.gapMs * 10;
    case 'calendar': return window.unit === 'day' ? dayMs : window.unit === 'week' ? 7 * dayMs : 31 * dayMs;
    case 'rows': return dayMs;
    case 'lifetime': return window.delayMs;
  }
}

const rowsLimit = (aggregates: readonly AggregateFeature[]): number[] =>
  (aggregates.length > 0 && aggregates.every((feature) => feature.window.kind === 'rows') ? [Math.max(...aggregates.map((feature) => (feature.window.kind === 'rows' ? feature.window.last : 0)))] : []);

/** Each field is kept once, whatever number of features reads it. */
function eventBytes(set: Pick<DefinitionSet, 'sources'>, view: FeatureView): number {
  const fields = new Map(set.sources.get(view.source)?.fields.map((field) => [field.name, field]));
  const kept = new Set(view.features.flatMap((feature) => (feature.form === 'aggregate' ? feature.of : [])));
  const filters = new Set(view.features.flatMap((feature) => (feature.form === 'aggregate' && feature.where !== null ? [feature.where] : [])));
  const bytes = [...kept].reduce((total, of) => total + (bytesByType.get(isPlainName(of) ? fields.get(of)?.type ?? 'number' : 'number') ?? 8), 0);
  return bytes + Math.ceil(filters.size / 8);
}
