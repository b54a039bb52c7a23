import { vectorToRecord, type Decision } from '@weir/contracts';
import type { DecisionRecord } from '../schemas/decision.schema';
import { toIso } from '../schemas/shared.schema';

export type AnyDecision = Decision | DecisionRecord;

/** A decision as HTTP answers it. */
export function decisionRecord(decision: AnyDecision): DecisionRecord {
  if (!isDecision(decision)) return decision;
  const { vector, event_time, ...verdict } = decision.verdict;
  const { id, transaction_id, ...rest } = verdict;
  const { decided_at, latency_ms, trace_id } = decision.meta;
  return mutable({ id, transaction_id, event_time: toIso(event_time), ...rest, ...vectorToRecord(vector), meta: { decided_at: toIso(decided_at), latency_ms, trace_id } });
}

/** Contracts are read-only all the way down and the schema's types are not; the values are the same. */
const mutable = (record: object): DecisionRecord => record as DecisionRecord; // built from a Decision above, whose fields are the schema's

/** A decision as it was taken, in contrast to one read back from history. */
export const isDecision = (decision: AnyDecision): decision is Decision => 'verdict' in decision;
