import type { Page, PageRequest } from './page';
import type { AuditEntry } from './registry';

export type CaseStatus = 'open' | 'claimed' | 'resolved';
export type CaseResolution = 'fraud' | 'genuine' | 'unclear';

/** Something for a person to look at: a decision in review or an alert. One per decision. */
export interface CaseRow {
  readonly id: string;
  readonly decisionId: string;
  readonly transactionId: string;
  readonly outcome: string;
  readonly score: number;
  readonly createdAtMs: number;
  readonly status: CaseStatus;
  readonly claimedBy: string | null;
  readonly resolution: CaseResolution | null;
  readonly resolvedBy: string | null;
  readonly resolvedAtMs: number | null;
  /** The transaction's amount as it was sent, minor units; null where it has none. */
  readonly amount: number | null;
  /** Expected loss: score × amount, or the score where there is no amount. What is worth most comes first. */
  readonly priority: number;
  /** A claim holds until then; afterwards anyone may claim. null: as long as it lasts. */
  readonly claimedUntilMs: number | null;
  /** When it should be resolved by; null: no time is set. */
  readonly dueAtMs: number | null;
}
export interface CaseComment { readonly caseId: string; readonly atMs: number; readonly by: string; readonly text: string }
export interface CaseQuery extends PageRequest {
  readonly status?: CaseStatus | undefined; readonly claimedBy?: string | undefined;
  /** Default `newest`; `due`: what is due first, then what never is. A cursor belongs to its order. */
  readonly order?: 'newest' | 'priority' | 'due' | undefined;
  /** Those not resolved that were due by then. */
  readonly overdueAtMs?: number | undefined;
  /** Where it is given, a claim that has run out by then counts as open. */
  readonly nowMs?: number | undefined;
}
/** Cases that are not resolved. */
export interface CaseCounts { readonly open: number; /** Claims that have not run out. */ readonly claimed: number; /** Of both. */ readonly overdue: number }
/** How an alert stands: its case, where its decision has one, and who closed it. */
export interface AlertStanding { readonly caseId: string | null; readonly closed: { readonly atMs: number; readonly by: string } | null }
/** How long a claim holds. */
export interface CaseLease { readonly nowMs: number; readonly untilMs: number }
/** What is written together with a resolution, all or nothing. */
export interface CaseResolved {
  readonly label?: LabelRow | undefined;
  readonly comment?: string | undefined;
  readonly audit?: AuditEntry | undefined;
  /** What is still to be done elsewhere (JSON), kept until `settle`. */
  readonly pending?: string | undefined;
}

/** The label of a transaction as somebody gave it; the newest `atMs` counts. */
export interface LabelRow { readonly transactionId: string; readonly fraud: boolean; readonly by: string; readonly atMs: number; readonly source: string | null }

/** The review queue with the alerts that belong to it, and labels by transaction. */
export abstract class CaseStore {
  /** What is there already, by decision, stays as it is. */
  abstract open(cases: readonly CaseRow[]): Promise<void>;
  abstract byId(id: string): Promise<CaseRow | undefined>;
  abstract search(query: CaseQuery): Promise<Page<CaseRow>>;
  /** Again by the same person: holds until the new time. @throws WeirError WEIR_NOT_FOUND; WEIR_CONFLICT when someone else has it or it is resolved. */
  abstract claim(id: string, by: string, lease?: CaseLease): Promise<CaseRow>;
  /** With all of `more` or not at all. @throws WeirError WEIR_NOT_FOUND; WEIR_CONFLICT when it is resolved already, or someone else's claim holds at `atMs`. */
  abstract resolve(id: string, by: string, resolution: CaseResolution, atMs: number, more?: CaseResolved): Promise<CaseRow>;
  /** Resolved cases whose `pending` was not settled, oldest first. */
  abstract unsettled(limit: number): Promise<ReadonlyArray<{ readonly row: CaseRow; readonly pending: string }>>;
  /** What was pending is done. */
  abstract settle(id: string): Promise<void>;
  abstract count(nowMs: number): Promise<CaseCounts>;
  /** One alert by itself; one that is closed already stays as it was. */
  abstract closeAlert(closing: { readonly alertId: string; readonly atMs: number; readonly by: string }): Promise<void>;
  /** By id. The alerts of a decision are closed with its case, at once and by whoever resolves it. */
  abstract alertStandings(alerts: ReadonlyArray<{ readonly id: string; readonly decisionId: string | null }>): Promise<ReadonlyMap<string, AlertStanding>>;
  abstract comment(comment: CaseComment): Promise<void>;
  abstract comments(caseId: string): Promise<readonly CaseComment[]>;

  abstract putLabels(labels: readonly LabelRow[]): Promise<void>;
  abstract labels(transactionIds: readonly string[]): Promise<ReadonlyMap<string, LabelRow>>;
  /** Labels in the order in which they were given, after a cursor of a former page; the first page begins at the start. */
  abstract labelsAfter(cursor: number, limit: number): Promise<{ readonly labels: readonly LabelRow[]; readonly cursor: number }>;
}
