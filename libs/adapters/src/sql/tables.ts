import type { Generated } from 'kysely';

/** Times are ms since the epoch, flags 0 or 1, lists and documents JSON text: alike in SQLite and PostgreSQL. */
export interface Tables {
  definition_versions: { kind: string; name: string; version: number; hash: string; json: string; created_at_ms: number; created_by: string };
  definition_sets: { id: string; json: string; versions: string; created_at_ms: number; created_by: string };
  applied_sets: { sequence: Generated<number>; set_id: string; applied_at_ms: number; applied_by: string; note: string | null };
  api_keys: { id: string; name: string; secret_hash: string; roles: string; created_at_ms: number; created_by: string; revoked_at_ms: number | null };
  audit: { sequence: Generated<number>; at_ms: number; by: string; action: string; subject: string; detail: string | null };
  set_proposals: {
    sequence: Generated<number>; id: string; set_id: string; base_set_id: string | null; json: string; plan: string; note: string | null; created_at_ms: number; created_by: string; created_by_key: string;
    status: string; decided_at_ms: number | null; decided_by: string | null; reason: string | null;
  };
  cases: {
    sequence: Generated<number>; id: string; decision_id: string; transaction_id: string; outcome: string; score: number; created_at_ms: number; status: string;
    claimed_by: string | null; resolution: string | null; resolved_by: string | null; resolved_at_ms: number | null;
    amount: number | null; priority: number; claimed_until_ms: number | null; pending: string | null;
    /** `neverDueMs` where no time is set, so that those come last. */
    due_at_ms: number;
  };
  alert_closings: { alert_id: string; at_ms: number; by: string };
  case_comments: { sequence: Generated<number>; case_id: string; at_ms: number; by: string; text: string };
  labels: { sequence: Generated<number>; transaction_id: string; fraud: number; by: string; at_ms: number; source: string | null };
  quarantine: {
    sequence: Generated<number>; id: string; lane: number; offset: number; source: string; transaction_id: string | null; reason: string; field: string | null;
    expected: string | null; got: string | null; received_at_ms: number; json: string; resent_at_ms: number | null;
  };
}
