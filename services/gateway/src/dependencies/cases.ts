import type { Page, PageRequest } from './page';

/** A decision in review, or one with an alert. */
export interface ReviewCase {
  readonly id: string; readonly decisionId: string; readonly transactionId: string; readonly outcome: string; readonly score: number;
  /** Minor units, as sent. */
  readonly amount: number | null;
  /** Expected loss: score × amount. */
  readonly priority: number;
  readonly createdAtMs: number;
  /** A claim that has run out is `open` again. */
  readonly status: 'open' | 'claimed' | 'resolved';
  readonly claimedBy: string | null; readonly claimedUntilMs: number | null;
  /** When it should be resolved by, as its policy says; null: it says nothing. */
  readonly dueAtMs: number | null;
  /** Not resolved, though it is due. */
  readonly overdue: boolean;
  readonly resolution: 'fraud' | 'genuine' | 'unclear' | null; readonly resolvedBy: string | null; readonly resolvedAtMs: number | null;
}

export interface CaseResolving {
  readonly by: string; readonly resolution: 'fraud' | 'genuine' | 'unclear'; readonly comment: string | undefined;
  /** `value` undefined: what the transaction has in the list's field; `ttlMs` undefined: the list's. */
  readonly list: { readonly name: string; readonly value: string | undefined; readonly ttlMs: number | undefined } | undefined;
}

/** An unknown case is WEIR_NOT_FOUND in every change; one that someone else holds, or that is resolved, WEIR_CONFLICT. */
export interface Cases {
  list(filter: { readonly status: ReviewCase['status'] | undefined; readonly claimedBy: string | undefined; readonly overdue: boolean; readonly order: 'priority' | 'newest' | 'due' }, page: PageRequest): Promise<Page<ReviewCase>>;
  byId(id: string): Promise<(ReviewCase & { readonly comments: ReadonlyArray<{ readonly atMs: number; readonly by: string; readonly text: string }> }) | undefined>;
  claim(id: string, by: string, holdsMs: number): Promise<ReviewCase>;
  comment(id: string, by: string, text: string): Promise<void>;
  /** With its audit entry, its label in the lane (of `unclear` none), the list entry, and its alerts closed; what the log cannot take now follows. */
  resolve(id: string, resolving: CaseResolving): Promise<ReviewCase>;
}

export type TimelineEntry =
  | {
      readonly kind: 'decision'; readonly atMs: number; readonly id: string; readonly transactionId: string; readonly outcome: string; readonly score: number; readonly decidedBy: string;
      readonly alert: boolean; readonly rules: readonly string[]; readonly entities: readonly string[]; readonly amount: number | null;
    }
  | { readonly kind: 'label'; readonly atMs: number; readonly transactionId: string; readonly fraud: boolean; readonly by: string; readonly source: string | null };

export interface EntityKey { readonly type: string; /** Its token where its field is tokenised. */ readonly key: string }

export interface LinkedEntity extends EntityKey { readonly transactions: number; /** Blocked or in review. */ readonly refused: number; readonly firstMs: number; readonly lastMs: number }

/** An unknown entity type is WEIR_NOT_FOUND; an unknown entity has nothing. */
export interface Entities {
  timeline(type: string, key: string, page: PageRequest): Promise<{ readonly entity: EntityKey; readonly page: Page<TimelineEntry> }>;
  links(type: string, key: string): Promise<{
    readonly entity: EntityKey; readonly shared: ReadonlyArray<LinkedEntity & { readonly hot: boolean }>;
    readonly links: ReadonlyArray<LinkedEntity & { readonly via: readonly string[] }>; readonly complete: boolean;
  }>;
}
