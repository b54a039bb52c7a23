import type { Page, PageRequest } from './page';

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
}
export interface CaseComment { readonly caseId: string; readonly atMs: number; readonly by: string; readonly text: string }
export interface CaseQuery extends PageRequest { readonly status?: CaseStatus | undefined; readonly claimedBy?: string | undefined }

/** The label of a transaction as somebody gave it; the newest `atMs` counts. */
export interface LabelRow { readonly transactionId: string; readonly fraud: boolean; readonly by: string; readonly atMs: number; readonly source: string | null }

/** The review queue, and labels by transaction. */
export abstract class CaseStore {
  /** What is there already, by decision, stays as it is. */
  abstract open(cases: readonly CaseRow[]): Promise<void>;
  abstract byId(id: string): Promise<CaseRow | undefined>;
  /** Newest first. */
  abstract search(query: CaseQuery): Promise<Page<CaseRow>>;
  /** @throws WeirError WEIR_NOT_FOUND; WEIR_CONFLICT when someone else has it or it is resolved. */
  abstract claim(id: string, by: string): Promise<CaseRow>;
  /** @throws WeirError WEIR_NOT_FOUND; WEIR_CONFLICT when it is resolved already. */
  abstract resolve(id: string, by: string, resolution: CaseResolution, atMs: number): Promise<CaseRow>;
  abstract comment(comment: CaseComment): Promise<void>;
  abstract comments(caseId: string): Promise<readonly CaseComment[]>;

  abstract putLabels(labels: readonly LabelRow[]): Promise<void>;
  abstract labels(transactionIds: readonly string[]): Promise<ReadonlyMap<string, LabelRow>>;
}
