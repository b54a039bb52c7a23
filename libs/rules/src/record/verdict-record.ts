import { featureStatuses, featureValue, type FeatureStatus, type FeatureValue, type Verdict } from '@weir/contracts';
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
    snoozed: verdict.snoozed ?? [], lists_read: verdict.lists_read ?? [], explored: verdict.explored ?? false, alert: verdict.alert, policy: verdict.policy, model: verdict.model,
    other_models: verdict.other_models, features: Object.fromEntries(names.map((name, slot) => [name, featureValue(verdict.vector, slot)])),
    statuses: Object.fromEntries(names.map((name, slot) => [name, featureStatuses[verdict.vector.statuses[slot] ?? 0] ?? 'ERROR'])),
    tx: verdict.tx, profiles: verdict.profiles, set: verdict.set, source: verdict.source ?? '', positions: verdict.positions, degraded: verdict.degraded, degraded_why: verdict.degraded_why,
  };
}

/** Canonical JSON of a verdict: keys sorted, no blanks. The same verdict has the same bytes, live or run again. */
export const verdictJson = (verdict: Verdict): string => canonicalJson(recordOfVerdict(verdict));
