import type { DefinitionSet, Feature } from '@weir/definitions';

const dayMs = 86_400_000;
/** What has no window grows with the world; after so long it is as usual as it gets. */
const endlessMs = 30 * dayMs;
const calendarMs = { day: dayMs, week: 7 * dayMs, month: 31 * dayMs } as const;

/**
 * How long after the first decision each value needs until it is what it will be: a count over 30 days grows for 30 days, whoever pays. By the names that decisions
 * give them; the score and P (`score`) take as long as the longest window, fields of the transaction none. What is made of times alone, as the hour or the weekday, never does:
 * every window has other hours than another.
 */
export function settlingOf(set: DefinitionSet): Readonly<Record<string, number>> {
  const settling: Record<string, number> = {};
  let longestMs = 0;
  const featureByName = new Map<string, Feature>([...set.views.values()].flatMap(({ features }) => features.map((feature) => [`${feature.view}.${feature.name}`, feature] as const)));
  const timeFields = new Set([...set.sources.values()].flatMap(({ time, fields }) => [time, ...fields.filter(({ type }) => type === 'timestamp').map(({ name }) => name)]));
  for (const { names, qualifiedNames } of set.layoutBySource.values()) {
    qualifiedNames.forEach((qualified, slot) => {
      const feature = featureByName.get(qualified);
      if (feature === undefined) return;
      const ms = isOfTimeAlone(feature, timeFields) ? Infinity : settles(feature, featureByName);
      settling[names[slot] ?? qualified] = ms;
      if (feature.form === 'aggregate' && feature.window.kind !== 'lifetime') longestMs = Math.max(longestMs, ms);
    });
  }
  return { ...settling, score: longestMs };
}

function isOfTimeAlone(feature: Feature, timeFields: ReadonlySet<string>): boolean {
  if (feature.form !== 'expression' || feature.dependsOn.length > 0) return false;
  const fields = [...feature.expr.matchAll(/\btx\.(\w+)/g)].map(([, field = '']) => field);
  return fields.length > 0 && fields.every((field) => timeFields.has(field));
}

function settles(feature: Feature, featureByName: ReadonlyMap<string, Feature>): number {
  if (feature.form === 'expression') {
    const parts = feature.dependsOn.flatMap((name) => featureByName.get(`${feature.view}.${name}`) ?? []);
    return Math.max(0, ...parts.filter((part) => part !== feature).map((part) => settles(part, featureByName)));
  }
  const { window } = feature;
  switch (window.kind) {
    case 'sliding': return window.sizeMs + window.delayMs;
    case 'tumbling': case 'hopping': return 2 * window.sizeMs;
    case 'session': return window.gapMs;
    case 'calendar': return calendarMs[window.unit];
    case 'rows': case 'lifetime': return endlessMs;
  }
}
