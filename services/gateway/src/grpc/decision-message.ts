import { featureStatuses, type FeatureStatus } from '@weir/contracts';
import { decisionRecord, type AnyDecision } from '../decisions/decision-record';
import type { FeatureRead } from '../dependencies/features';
import type { DecisionRecord } from '../schemas/decision.schema';
import type { Message } from './descriptor-set';
import { toStruct, toTimestamp, toValue } from './values';

export const outcomeNumbers = { approve: 1, review: 2, block: 3 } as const;
/** Statuses are numbered in their order, from 1. */
const statusNumber: Readonly<Record<string, number>> = Object.fromEntries(
  (['ERROR', 'NOT_FOUND', 'OUTSIDE_MAX_AGE', 'WARMING', 'APPROXIMATE', 'NULL_VALUE', 'PRESENT'] as const satisfies readonly FeatureStatus[]).map((status, index) => [status, index + 1]),
);
if (featureStatuses.some((status) => statusNumber[status] === undefined)) throw new Error('a status of features has no number in feature_service.proto');

/** Features in the order of the read. */
export function featureMessages(read: FeatureRead): Message[] {
  const { features, statuses, eventTimesMs } = read;
  let lastMs: number | null | undefined, at: Message | null = null; // features of one view have one time
  return Object.keys(features).map((name) => {
    const ms = eventTimesMs[name];
    if (ms !== lastMs) { at = toTimestamp(ms); lastMs = ms; }
    return { name, value: toValue(features[name]), status: statusNumber[statuses[name] ?? 'ERROR'] ?? 1, event_time: at };
  });
}

/** A decision as the JSON record has it, in the form of the interface. */
export function decisionMessage(decision: AnyDecision): Message {
  const record = decisionRecord(decision);
  return {
    id: record.id, transaction_id: record.transaction_id, event_time: toTimestamp(Date.parse(record.event_time)), outcome: outcomeNumbers[record.outcome], score: record.score, risk_score: record.risk_score,
    decided_by: record.decided_by, overruled: record.overruled, reasons: record.reasons, rules: record.rules, patterns: record.patterns, matches: record.matches.map(matchMessage),
    unknown: record.unknown, shadow: record.shadow, lists: record.lists, list_changes: record.list_changes.map(({ list, value, until }) => ({ list, value, until: toTimestamp(until) })),
    tags: record.tags, alert: record.alert, policy: record.policy, model: modelMessage(record.model), other_models: withoutNulls(record.other_models),
    features: featureMessages({ features: record.features as FeatureRead['features'], statuses: record.statuses, eventTimesMs: {} }), // values of a vector, as they were answered
    tx: toStruct(record.tx), profiles: toStruct(record.profiles), set: record.set, positions: record.positions ?? [], degraded: record.degraded, degraded_why: record.degraded_why, ...chanceOf(record),
    meta: { decided_at: toTimestamp(Date.parse(record.meta.decided_at)), latency_ms: record.meta.latency_ms, trace_id: record.meta.trace_id ?? '' },
  };
}

/** Whether, and with which probability, an exploration share let it pass. */
const chanceOf = ({ explored, propensity }: DecisionRecord): Message => ({ ...(explored === undefined ? {} : { explored }), ...(propensity === undefined ? {} : { propensity }) });

const matchMessage = ({ pattern, version, events }: DecisionRecord['matches'][number]): Message => ({
  pattern, version, steps: Object.entries(events).map(([step, transactionIds]) => ({ step, transaction_ids: transactionIds })),
});

function modelMessage(model: DecisionRecord['model']): Message | null {
  if (model === null) return null;
  const { name, version, p, margin, base, contributions } = model;
  return { name, version, ...(p === null ? {} : { p }), ...(margin === undefined ? {} : { margin }), ...(base === undefined ? {} : { base }), contributions: contributions ?? {} };
}

const withoutNulls = (byName: Readonly<Record<string, number | null>>): Record<string, number> =>
  Object.fromEntries(Object.entries(byName).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
