import type { Page, PageRequest } from './page';

/** A refused event as it was appended, tokens in place. */
export interface QuarantineRow {
  readonly lane: number;
  readonly offset: number;
  /** `q-<lane>-<offset>`. */
  readonly id: string;
  readonly source: string;
  readonly transactionId: string | null;
  readonly reason: 'invalid' | 'future' | 'late';
  readonly field: string | null;
  readonly expected: string | null;
  readonly got: string | null;
  readonly receivedAtMs: number;
  readonly json: string;
  /** When it was sent again after correction, ms; null when it was not. */
  readonly resentAtMs: number | null;
}

export const quarantineId = (origin: { readonly lane: number; readonly offset: number }): string => `q-${origin.lane}-${origin.offset}`;

export interface QuarantineQuery extends PageRequest {
  readonly source?: string | undefined;
  readonly reason?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** Refused events until someone looks at them. The first of each origin wins. */
export abstract class QuarantineStore {
  /** Durable when it resolves. @throws WeirError WEIR_STORE_FAILED, retriable. */
  abstract write(rows: readonly QuarantineRow[]): Promise<void>;
  abstract byId(id: string): Promise<QuarantineRow | undefined>;
  /** The newest refusal of that id. */
  abstract byTransaction(transactionId: string, source?: string): Promise<QuarantineRow | undefined>;
  /** Newest first. */
  abstract search(query: QuarantineQuery): Promise<Page<QuarantineRow>>;
  abstract markResent(id: string, atMs: number): Promise<void>;
}
