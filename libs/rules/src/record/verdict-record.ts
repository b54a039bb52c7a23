import { featureStatuses, featureValue, type FeatureStatus, type FeatureValue, type Verdict, isNumericType, type FeatureLayout } from '@weir/contracts';
import { canonicalJson } from '@weir/definitions';

/** A verdict as answers and files carry it: the vector by the names of its features. */
export type VerdictRecord = Omit<Verdict, 'vector'> & { readonly features: Readonly<Record<string, FeatureValue>>; readonly statuses: Readonly<Record<string, FeatureStatus>> };

/** The names of the public record, in a fixed order. */
export function recordOfVerdict(verdict: Verdict): VerdictRecord {
  const { names } = verdict.vector.layout;
  return {
    id: verdict.id, transaction_id: verdict.transaction_id, event_time: verdict.event_time, outcome: verdict.outcome, score: verdict.score, risk_score: verdict.risk_score,
    decided_by: verdict.decided_by, overruled: verdict.overruled, reasons: verdict.reasons, rules: verdict.rules, patterns: verdict.patterns, matches: verdict.matches,
    unknown: verdict.unknown, shadow: verdict.shadow, lists: verdict.lists, list_changes: verdict.list_changes, tags: verdict.tags, marks: verdict.marks ?? [],
    snoozed: verdict.snoozed ?? [], lists_read: verdict.lists_read ?? [], explored: verdict.explored ?? false, ...(verdict.propensity === undefined ? {} : { propensity: verdict.propensity }), alert: verdict.alert, policy: verdict.policy, model: verdict.model,
    other_models: verdict.other_models, features: Object.fromEntries(names.map((name, slot) => [name, featureValue(verdict.vector, slot)])),
    statuses: Object.fromEntries(names.map((name, slot) => [name, featureStatuses[verdict.vector.statuses[slot] ?? 0] ?? 'ERROR'])),
    tx: verdict.tx, profiles: verdict.profiles, set: verdict.set, source: verdict.source ?? '', positions: verdict.positions, degraded: verdict.degraded, degraded_why: verdict.degraded_why,
  };
}

/**
 * Canonical JSON of a verdict: keys sorted, no blanks. The same verdict has the same bytes, live or run again. The text is that of
 * `canonicalJson(recordOfVerdict(verdict))`; the features, which are most of it, are written without the object in between.
 */
export function verdictJson(verdict: Verdict): string {
  const { layout, numbers, others, statuses } = verdict.vector;
  let features = '';
  let states = '';
  for (const { slot, key, kind } of sortedFeatures(layout)) {
    const number = numbers[slot] as number;
    const value = kind === 'other' ? canonicalJson(others[slot] ?? null) : number !== number ? 'null' : kind === 'bool' ? String(number !== 0) : JSON.stringify(number);
    features += `${features === '' ? '' : ','}${key}${value}`;
    states += `${states === '' ? '' : ','}${key}${quotedStatuses[statuses[slot] as number] ?? '"ERROR"'}`;
  }
  const v = verdict;
  const text = canonicalJson;
  return `{"alert":${v.alert},"decided_by":"${v.decided_by}","degraded":${v.degraded},"degraded_why":${text(v.degraded_why)},"event_time":${v.event_time},"explored":${v.explored ?? false},"features":{${features}},`
    + `"id":"${v.id}","list_changes":${text(v.list_changes)},"lists":${text(v.lists)},"lists_read":${text(v.lists_read ?? [])},"marks":${text(v.marks ?? [])},"matches":${text(v.matches)},"model":${text(v.model)},`
    + `"other_models":${text(v.other_models)},"outcome":"${v.outcome}","overruled":${text(v.overruled)},"patterns":${text(v.patterns)},"policy":${text(v.policy)},"positions":${text(v.positions)},"profiles":${text(v.profiles)},${v.propensity === undefined ? '' : `"propensity":${text(v.propensity)},`}`
    + `"reasons":${text(v.reasons)},"risk_score":${text(v.risk_score)},"rules":${text(v.rules)},"score":${text(v.score)},"set":"${v.set}","shadow":${text(v.shadow)},"snoozed":${text(v.snoozed ?? [])},"source":${text(v.source ?? '')},`
    + `"statuses":{${states}},"tags":${text(v.tags)},"transaction_id":${text(v.transaction_id)},"tx":${text(v.tx)},"unknown":${text(v.unknown)}}`;
}

const quotedStatuses = featureStatuses.map((status) => JSON.stringify(status));

interface SortedFeature { readonly slot: number; /** `"name":` */ readonly key: string; readonly kind: 'number' | 'bool' | 'other' }
const sortedByLayout = new WeakMap<FeatureLayout, readonly SortedFeature[]>();

function sortedFeatures(layout: FeatureLayout): readonly SortedFeature[] {
  let sorted = sortedByLayout.get(layout);
  if (sorted === undefined) {
    sorted = layout.names.map((name, slot): SortedFeature & { readonly name: string } => {
      const type = layout.types[slot] ?? 'string';
      return { name, slot, key: `${JSON.stringify(name)}:`, kind: type === 'bool' ? 'bool' : isNumericType(type) ? 'number' : 'other' };
    }).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    sortedByLayout.set(layout, sorted);
  }
  return sorted;
}
