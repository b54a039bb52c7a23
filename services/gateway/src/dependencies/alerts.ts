import type { WhyNot } from './decisions';
import type { Page, PageRequest } from './page';

export interface Alert {
  readonly atMs: number; readonly severity: string; readonly transactionId: string | null; readonly text: string;
  readonly id?: string; readonly raisedBy?: { readonly kind: string; readonly name: string; readonly key: string | null };
  /** `type:key`, tokens in place. */
  readonly entity?: string | null; readonly decisionId?: string | null;
}

/** An alert as it was raised, its case where its decision has one, and who closed it. */
export interface StoredAlert extends Required<Alert> { readonly caseId: string | null; readonly closed: { readonly atMs: number; readonly by: string } | null }

/** Every part that is given must hold. */
export interface AlertFilter {
  readonly status?: 'open' | 'closed' | undefined; readonly severity?: string | undefined; readonly raisedBy?: string | undefined; readonly decisionId?: string | undefined;
  readonly fromMs?: number | undefined; readonly toMs?: number | undefined;
}

export interface Alerts {
  /** Newest first; those of one decision all at once, in the order in which they were raised. */
  list(filter: AlertFilter, page: PageRequest): Promise<Page<StoredAlert>>;
  byId(id: string): Promise<StoredAlert | undefined>;
  /** By itself; one that is closed stays as it was. An unknown one is WEIR_NOT_FOUND. The alerts of a case are closed by whoever resolves it. */
  close(id: string, by: string): Promise<StoredAlert>;
}

/** What a pattern gave: a match, a time-out, a bound that was reached, or an event that came too late for it. */
export interface MatchEvent {
  readonly id: string; readonly kind: 'match' | 'timeout' | 'limit' | 'late';
  readonly pattern: string; readonly version: number; readonly mode: 'live' | 'shadow';
  /** Type of the entity that the pattern's keys are of; null where the pattern is gone. */
  readonly entity: string | null; readonly key: string;
  /** Ids of the events by step; of a late event its id as `late`. */
  readonly events: Readonly<Record<string, readonly string[]>>;
  readonly firstMs: number; readonly lastMs: number;
  /** False where time alone gave it. */
  readonly byEvent: boolean;
  readonly limit: { readonly name: string; readonly max: number; readonly dropped: number } | null;
  readonly lateByMs: number | null;
}

/** What patterns gave, live and shadow. */
export interface Matches {
  /** Newest first. Every part of the filter that is given must hold; times go by the last event's. */
  list(filter: { readonly pattern: string | undefined; readonly kind: MatchEvent['kind'] | undefined; readonly entity: { readonly type: string; readonly key: string } | undefined; readonly fromMs: number | undefined; readonly toMs: number | undefined }, page: PageRequest): Promise<Page<MatchEvent>>;
  /**
   * Where a pattern stands with an entity now, and why its latest decision did not complete it. An unknown pattern or entity type is WEIR_NOT_FOUND, an entity of
   * another type than the pattern's WEIR_INPUT_INVALID.
   */
  standing(pattern: string, of: { readonly type: string; readonly key: string }): Promise<PatternStanding>;
}

/** A pattern and a key: what is open now, and the nearest misses of what the key did of late. */
export interface PatternStanding {
  readonly pattern: string; readonly version: number; readonly entity: string;
  /** Its token where its field is tokenised. */
  readonly key: string;
  /** Partial matches alive now, those with the most events first. */
  readonly open: ReadonlyArray<{ readonly steps: Readonly<Record<string, readonly string[]>>; readonly awaits: readonly string[]; readonly sinceMs: number; /** When it is over; null: never by time. */ readonly untilMs: number | null }>;
  readonly openCount: number;
  /** Of the latest decision of the key; null where there is none. */
  readonly latest: (WhyNot & { readonly decisionId: string; readonly transactionId: string }) | null;
}
