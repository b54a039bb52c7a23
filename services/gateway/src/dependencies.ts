import type { Decision, FeatureStatus, FeatureValue, Value } from '@weir/contracts';
import type { Health, Logger, Metrics, Tracing } from '@weir/platform';
import type { Clock } from '@weir/ports';
import type { Role } from './roles';
import type { DecisionRecord } from './schemas/decision.schema';

/**
 * What the gateway needs from outside. All times are ms since the epoch. Keys of entities, values of lists and ids come as the caller
 * wrote them: where a field is declared `tokenise`, the implementation turns them into tokens, and so nothing behind it sees the raw
 * value. A method throws WeirError: WEIR_NOT_FOUND (404), WEIR_CONFLICT (409), WEIR_INPUT_INVALID and WEIR_*_INVALID (422, with their
 * findings), WEIR_LIMIT_REACHED and anything retriable (503, to be tried again). Any other error is a 500.
 */
export interface GatewayDependencies {
  readonly edge: Edge;
  readonly decisions: Decisions;
  readonly cases: Cases;
  readonly entities: Entities;
  readonly features: Features;
  readonly definitions: Definitions;
  readonly proposals: Proposals;
  readonly lists: Lists;
  readonly snoozes: Snoozes;
  readonly tables: Tables;
  readonly labels: Labels;
  readonly models: Models;
  readonly monitors: Monitors;
  readonly backtests: Backtests;
  readonly reprocessing: Reprocessing;
  readonly verification: Verification;
  readonly hotKeys: HotKeys;
  readonly status: Status;
  /** Undefined where none is kept. */
  readonly history?: History | undefined;
  readonly quarantine: Quarantine;
  readonly keys: Keys;
  readonly audit: Audit;
  readonly alerts: Alerts;
  readonly matches: Matches;
  readonly live: Live;
  /** Undefined where no traces are taken. */
  readonly tracing?: Tracing | undefined;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

// ---- events in, answers out

/** One event that could be parsed. */
export interface SubmittedRow {
  /** As it came; what goes into the log when nothing has to be tokenised. */
  readonly json: string;
  /** The same, parsed. Only to be read: the implementation copies it before it puts tokens in. */
  readonly event: Readonly<Record<string, unknown>>;
  /** The row's `_received_at`; only ever set for a key with the role `replay`. */
  readonly receivedAtMs: number | undefined;
  readonly idempotency: { readonly key: string; readonly bodyHash: string } | undefined;
}

export interface SubmitOptions {
  /** undefined: the source that is decided. An unknown one is WEIR_INPUT_INVALID with the field `source`. */
  readonly source: string | undefined;
  /** `accepted`: resolve once the rows are durable in their lanes; `decided`: wait for the decisions. */
  readonly wait: 'accepted' | 'decided';
  /** How long to wait for decisions; undefined: the policy's deadline (of several: the longest). Rows not decided by then are `pending`. */
  readonly deadlineMs: number | undefined;
  /** W3C trace context that travels with the rows; undefined: none. */
  readonly traceparent?: string | undefined;
}

/** What became of a row. */
export type RowAnswer =
  | { readonly kind: 'decided'; readonly decision: Decision | DecisionRecord; /** The id was there before: this is the first one's decision. */ readonly duplicate: boolean }
  /** In the lane, not decided yet. `id`: of the decision to come. */
  | { readonly kind: 'pending'; readonly id: string; readonly transactionId: string | null }
  /** Accepted, of a source that gets no decision. */
  | { readonly kind: 'accepted'; readonly id: string; readonly transactionId: string | null; readonly duplicate: boolean }
  | {
      readonly kind: 'quarantined'; /** null: nothing was stored, for it was simulated. */ readonly quarantineId: string | null; readonly transactionId: string | null; readonly reason: 'invalid' | 'future' | 'late';
      readonly field: string | null; readonly expected: string | null; readonly got: string | null;
    }
  /** The Idempotency-Key was used for another body within 24 h. */
  | { readonly kind: 'conflict'; readonly idempotencyKey: string }
  /** Not appended, for the suite is behind; to be sent again. */
  | { readonly kind: 'overloaded'; readonly retryAfterMs: number };

export interface Edge {
  /**
   * Tokenises, chooses the lanes, appends and waits: one answer per row, in order. Calls append in the order in which they are made. Many
   * calls are open at once, each with 1 to `batchChunkRowsMax` rows; the implementation gathers them into batches. Rejects only when
   * nothing of the call was appended.
   */
  submit(rows: readonly SubmittedRow[], options: SubmitOptions): Promise<readonly RowAnswer[]>;
  /** What would be answered now. Nothing is stored; never `pending`. */
  simulate(row: SubmittedRow, options: { readonly source: string | undefined }): Promise<RowAnswer>;
}

// ---- decisions

export interface DecisionSearch {
  readonly entity: { readonly type: string; readonly key: string } | undefined;
  readonly outcome: string | undefined;
  readonly rule: string | undefined;
  readonly pattern: string | undefined;
  readonly alert: boolean | undefined;
  /** By event time: `fromMs` ≤ t < `toMs`. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}
export interface Page<T> { readonly items: readonly T[]; readonly next: string | null }
export interface PageRequest { readonly limit: number; readonly cursor: string | undefined }

/** A decision again: canonical JSON of the verdict, whether it is the stored one, and features that the record has not and the definitions ask for. */
export interface Rerun { readonly json: string; readonly same: boolean; readonly missingFeatures?: readonly string[] }

export interface Decisions {
  /** Also 'pending' when the id's place in the lane is written and not decided; of a transaction that was refused, or there already, what POST would have answered. undefined: no such decision. */
  byId(id: string): Promise<RowAnswer | undefined>;
  /** What POST answered, or would answer now; undefined: never seen. */
  byTransactionId(transactionId: string): Promise<RowAnswer | undefined>;
  /** Newest first. */
  search(search: DecisionSearch, page: PageRequest): Promise<Page<Decision | DecisionRecord>>;
  /** Base, margin and contribution by input of the champion; undefined without a model or where it gave no answer. */
  explain(decision: Decision | DecisionRecord): Promise<{ readonly base: number; readonly margin: number; readonly contributions: Readonly<Record<string, number>> } | undefined>;
  /** Why a rule or pattern did or did not speak. undefined: no such decision. An unknown rule is WEIR_NOT_FOUND. */
  whyNot(id: string, of: { readonly kind: 'rule' | 'pattern'; readonly name: string }): Promise<WhyNot | undefined>;
  /** What little else would have changed it. undefined: no such decision. */
  nearMisses(id: string): Promise<NearMisses | undefined>;
  /** The same decision again from its record alone, as canonical JSON, and whether it is what was stored. undefined: no such decision. */
  /** With a change: what the definitions that it would give make of what the record holds. @throws WeirError with the findings of a change that is none. */
  rerun(id: string, change?: DefinitionsChange): Promise<Rerun | undefined>;
  /** Every verdict as a line of canonical JSON, lane by lane, each in lane order; in blocks of whole lines. */
  verdictLines(): AsyncIterable<string>;
}
export interface NearMisses {
  /** The score's band, and how far the next ones are; null where there is none. */
  readonly band?: { readonly band: string; readonly up: number | null; readonly down: number | null };
  /** The smallest change of one value alone that would have given a milder outcome, e.g. `approve if amount were below 812.00`. */
  readonly whatIf: readonly string[];
  /** Live rules that one comparison alone kept from firing. */
  readonly rules: ReadonlyArray<{ readonly rule: string; readonly text: string }>;
}
export interface WhyNot {
  readonly fired: boolean | null;
  readonly explanation: string;
  readonly parts: ReadonlyArray<{ readonly text: string; readonly held: boolean | null; readonly value: unknown }>;
}

// ---- what people look at

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

// ---- features

export interface FeatureSelection {
  readonly service: string | undefined;
  /** Neither given: all views of the entity. */
  readonly views: readonly string[] | undefined;
  /** undefined: now. */
  readonly atMs: number | undefined;
}
export interface FeatureRead {
  readonly features: Readonly<Record<string, FeatureValue>>;
  readonly statuses: Readonly<Record<string, FeatureStatus>>;
  /** Newest event of the entity in the feature's view, by feature name. */
  readonly eventTimesMs: Readonly<Record<string, number | null>>;
}
export interface Features {
  /** Same length and order as `keys`, duplicates included. An unknown entity type, service or view is WEIR_NOT_FOUND. */
  read(entityType: string, keys: readonly string[], selection: FeatureSelection): Promise<{ readonly rows: readonly FeatureRead[]; readonly asOfMs: number }>;
  /** All entities of the selection whose key fields a row has. */
  join(rows: ReadonlyArray<Readonly<Record<string, unknown>>>, selection: FeatureSelection): Promise<{ readonly rows: readonly FeatureRead[]; readonly asOfMs: number }>;
  /** All features, or the one named (empty when there is none of the name). */
  statistics(feature: string | undefined): Promise<readonly FeatureStatistics[]>;
}
export interface FeatureStatistics {
  readonly feature: string; readonly count: number; readonly mean: number | null; readonly std: number | null; readonly min: number | null; readonly max: number | null;
  readonly p50: number | null; readonly p95: number | null; readonly p99: number | null; readonly missingRate: number | null; readonly distinct: number; readonly lastUpdatedMs: number | null;
}

/** Entities that take the most of what is decided now. */
export interface HotKeys { now(): { /** null: nothing was decided yet. */ readonly asOfMs: number | null; readonly windowMs: number; readonly keys: readonly HotKey[] } }
/** `share`: of the decided events, at least; `shareMax`: at most. */
export interface HotKey { readonly entityType: string; readonly entityId: string; readonly share: number; readonly shareMax: number; readonly perSecond: number | null }

// ---- definitions, lists, tables, labels

export interface DefinitionsChange {
  readonly documents: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** YAML or JSON as text, with the names that findings shall use. */
  readonly files: ReadonlyArray<{ readonly path: string; readonly text: string }>;
  /** True: these are the whole set. */
  readonly prune: boolean;
  /** SHA-256 of the bytes that a model's `file` stands for, by its path; undefined: as the file was given last. */
  readonly modelFiles?: Readonly<Record<string, string>>;
}
export interface DefinitionsPlan {
  readonly set: string;
  readonly changes: ReadonlyArray<{ readonly kind: string; readonly name: string; readonly change: 'added' | 'changed' | 'removed' | 'described'; readonly fromVersion: number | null; readonly toVersion: number | null }>;
  readonly warnings: readonly string[];
  /** What else the plan knows (cost, dependants); shown as it is. */
  readonly details?: Readonly<Record<string, unknown>>;
}
export interface Definitions {
  /** Documents as applied, with `kind`, `name` and `version`. */
  current(): Promise<{ readonly set: string | null; readonly appliedAtMs: number | null; readonly documents: ReadonlyArray<Readonly<Record<string, unknown>>> }>;
  plan(change: DefinitionsChange): Promise<DefinitionsPlan>;
  /** From what is used to what uses it, of the set in force; `of`: only what a node is made of and what uses it. */
  lineage(of: string | undefined): Promise<{ readonly nodes: ReadonlyArray<{ readonly id: string; readonly kind: string; readonly name: string }>; readonly edges: ReadonlyArray<{ readonly from: string; readonly to: string }> }>;
  /** Resolves when the change is in the lanes, so that it holds for the next event. */
  apply(change: DefinitionsChange, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }>;
  rollback(toSet: string | undefined, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }>;
  versions(page: PageRequest): Promise<Page<{ readonly set: string; readonly appliedAtMs: number; readonly by: string; readonly note: string | null }>>;
  versionsOf(kind: string, name: string, page: PageRequest): Promise<Page<{ readonly version: number; readonly set: string; readonly appliedAtMs: number; readonly by: string }>>;
}

/** Who proposes and who decides is told apart by the id of the key. */
export interface Proposer { readonly keyId: string; readonly name: string }
export interface Proposal {
  readonly id: string; readonly status: 'open' | 'approved' | 'rejected'; readonly note: string | null; readonly createdAtMs: number; readonly createdBy: string;
  readonly decidedAtMs: number | null; readonly decidedBy: string | null; readonly reason: string | null;
  readonly plan: DefinitionsPlan;
}
export interface Proposals {
  /** True: changes are proposed, and somebody else approves them. */
  readonly required: boolean;
  propose(change: DefinitionsChange, by: Proposer & { readonly note: string | null }): Promise<Proposal>;
  /** Newest first. */
  list(status: Proposal['status'] | undefined, page: PageRequest): Promise<Page<Proposal>>;
  byId(id: string): Promise<Proposal | undefined>;
  /** WEIR_CONFLICT by the one who proposed it, when it was decided before, or when the set has changed since. */
  approve(id: string, by: Proposer): Promise<DefinitionsPlan & { readonly appliedAtMs: number }>;
  reject(id: string, by: Proposer, reason: string | null): Promise<Proposal>;
}

/** A rule that is silent for one key of an entity. */
export interface Snooze { readonly rule: string; readonly entity: string; readonly key: string; readonly untilMs: number; readonly by: string; readonly reason: string }
/** An unknown rule or entity is WEIR_NOT_FOUND everywhere. Changes resolve when they are in the lanes. */
export interface Snoozes {
  of(rule: string): Promise<readonly Snooze[]>;
  /** Gives it as it is kept: the key as its token. */
  put(snooze: Snooze): Promise<Snooze>;
  /** undefined when there was none. */
  remove(snooze: Omit<Snooze, 'untilMs' | 'reason'>): Promise<{ readonly key: string } | undefined>;
}

export interface ListEntry { readonly value: string; readonly fromMs: number | null; readonly untilMs: number | null; readonly reason: string; readonly by: string }
/** An unknown list is WEIR_NOT_FOUND everywhere. Changes resolve when they are in the lanes. */
export interface Lists {
  all(): Promise<ReadonlyArray<{ readonly name: string; readonly of: string; readonly effect: string; readonly match: string; readonly entries: number }>>;
  entries(list: string, page: PageRequest): Promise<Page<ListEntry>>;
  entry(list: string, value: string): Promise<ListEntry | undefined>;
  /** `untilMs` undefined: by the list's ttl. Gives the entry as it now is. */
  put(list: string, value: string, entry: { readonly fromMs: number | null; readonly untilMs: number | null | undefined; readonly reason: string; readonly by: string }): Promise<ListEntry>;
  /** False when there was none. */
  remove(list: string, value: string, by: string): Promise<boolean>;
  /** All of them or none, between two events, in the lanes when it resolves; `replace`: nothing else stays. Gives how many the list holds then. */
  putAll(list: string, entries: readonly NewListEntry[], how: { readonly replace: boolean; readonly by: string }): Promise<number>;
}

/** `untilMs` undefined: by the list's ttl. */
export interface NewListEntry { readonly value: string; readonly fromMs: number | null; readonly untilMs: number | null | undefined; readonly reason: string; readonly by: string }

type Row = Readonly<Record<string, Value>>;
/** An unknown table is WEIR_NOT_FOUND everywhere. Changes resolve when they are in the lanes. */
/** `version`: place in the log of whoever owns the row, ascending for each row. */
export type RowChange = { readonly op: 'put'; readonly row: Row; readonly version: number } | { readonly op: 'remove'; readonly key: string; readonly version: number };
export interface Tables {
  /** In their order; one that is older than what is there does nothing. Rows are checked as `put` does. */
  change(table: string, changes: readonly RowChange[]): Promise<void>;
  all(): Promise<ReadonlyArray<{ readonly name: string; readonly key: string; readonly rows: number }>>;
  rows(table: string, page: PageRequest): Promise<Page<Row>>;
  row(table: string, key: string): Promise<Row | undefined>;
  /** Every row carries the table's key field; checked against the table's fields. */
  put(table: string, rows: readonly Row[], by: string): Promise<void>;
  remove(table: string, key: string, by: string): Promise<boolean>;
}

export interface Labels {
  append(labels: ReadonlyArray<{ readonly transactionId: string; readonly fraud: boolean; readonly by: string; readonly atMs: number; readonly source: string }>): Promise<void>;
}

export interface Models {
  /**
   * Keeps the bytes; from now on a model's `file` of this path stands for them. `backgroundOf`: the bytes are the background rows of the
   * model with this SHA-256. Gives the SHA-256 of what was kept.
   */
  keep(file: { readonly path: string; readonly bytes: Uint8Array; readonly backgroundOf: string | undefined }): Promise<string>;
}

/** How a model was in a week (from Monday, UTC), of the decisions that are old enough for their labels. Rates and figures are null where nothing says. */
export interface ModelQuality {
  readonly model: string; readonly version: number | null; /** False: it ran beside the model that decided. */ readonly answers: boolean; readonly weekStartMs: number;
  readonly decisions: number; /** The figures are of so many of them. */ readonly rows: number; /** Share that is old enough. */ readonly mature: number; readonly frauds: number;
  readonly fraudShare: number | null; readonly meanP: number | null; readonly auc: number | null; readonly averagePrecision: number | null;
  readonly cardPrecision: { readonly k: number; readonly value: number | null }; readonly brier: number | null; readonly calibrationError: number | null;
  readonly calibration: ReadonlyArray<{ readonly count: number; readonly meanScore: number; readonly fraudShare: number }>; readonly alertRate: number | null;
}
/** How far the decisions of a stretch of event time are from the reference. */
export interface DriftWindowShown {
  readonly fromMs: number; readonly toMs: number; readonly decisions: number; readonly rows: number;
  readonly features: ReadonlyArray<{
    readonly feature: string; /** The rows kept with the champion, or the first decisions. */ readonly reference: 'background' | 'decisions'; readonly psi: number; readonly jensenShannon: number;
    readonly kolmogorovSmirnov: { readonly distance: number; readonly pValue: number } | null; readonly missingRate: { readonly reference: number; readonly current: number };
    readonly newCategories: readonly string[]; readonly newCategoriesShare: number; /** Limits that it passed. */ readonly passed: readonly string[];
  }>;
}
export interface ModelNow {
  readonly name: string; readonly version: number; readonly role: 'champion' | 'challenger' | 'shadow'; readonly share: number; readonly features: string; readonly file: string; readonly sha256: string | null;
  readonly lastMinute: { readonly calls: number; readonly rows: number; readonly errors: number; readonly errorRate: number; readonly p50Ms: number; readonly p99Ms: number } | null;
}
export interface Monitors {
  /** Models in force, and how they did in the last minute. */
  models(): readonly ModelNow[];
  /** Newest week first. */
  quality(model: string | undefined): Promise<readonly ModelQuality[]>;
  /** Newest first; the first may still be open. */
  drift(): Promise<readonly DriftWindowShown[]>;
}

// ---- back-tests

export interface BacktestRequest {
  /** undefined: the set in force, which must give the stored decisions again. */
  readonly change: DefinitionsChange | undefined;
  /** `fromMs` ≤ event time < `toMs`; ±Infinity for no bound. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly amountField: string;
  readonly segment: string | undefined;
  readonly examples: number;
  /** Compare with what was stored, and nothing else. */
  readonly verify: boolean;
}
export const backtestStatuses = ['running', 'done', 'failed', 'cancelled'] as const;
export interface BacktestState {
  readonly id: string;
  readonly status: (typeof backtestStatuses)[number];
  readonly verify: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Records that have been through, of how many; null while that is not known. */
  readonly records: number;
  readonly recordsTotal: number | null;
  /** Shown as it is. */
  readonly report: Readonly<Record<string, unknown>> | null;
  readonly error: string | null;
}
export interface Backtests {
  /** WEIR_LIMIT_REACHED when as many run as may. A set that does not hold is refused with its findings before anything runs. */
  start(request: BacktestRequest): Promise<BacktestState>;
  byId(id: string): Promise<BacktestState | undefined>;
  /** Ends one that runs; once it is answered, nothing of it runs. WEIR_NOT_FOUND for none of this id, WEIR_CONFLICT for one that has ended. */
  cancel(id: string): Promise<BacktestState>;
  /** Newest first, without their reports. */
  all(): Promise<readonly BacktestState[]>;
}

// ---- views built anew

export const reprocessStatuses = ['building', 'paused', 'ready', 'switching', 'done', 'failed', 'cancelled', 'rolled_back'] as const;
export type ReprocessStatus = (typeof reprocessStatuses)[number];
export interface ReprocessRequest {
  readonly views: readonly string[];
  /** Events at or after it; undefined: the whole log. */
  readonly fromMs: number | undefined;
  /** From here on the stream has to have them; refused where that would leave a gap. */
  readonly toMs: number | undefined;
  /** True: stays `ready` until it is told to switch. */
  readonly hold: boolean;
  readonly by: string;
}
/** Live values against those that were built, of a sample of the keys. */
export interface ReprocessComparison {
  readonly compared: number; readonly same: number; readonly different: number;
  /** Keys that the live view has no state of. */
  readonly only_new: number;
  /** Keys with events since they were built: not compared. */
  readonly moved_on: number;
  readonly examples: ReadonlyArray<{ readonly view: string; readonly key: string; readonly differences: ReadonlyArray<{ readonly feature: string; readonly old: FeatureValue; readonly old_status: string; readonly new: FeatureValue; readonly new_status: string }> }>;
}
export interface ReprocessState {
  readonly id: string; readonly kind: 'reprocess' | 'rollback'; readonly views: readonly string[]; readonly status: ReprocessStatus;
  readonly by: string; readonly startedAtMs: number; readonly endedAtMs: number | null; readonly fromMs: number | null;
  /** Records that were read, of how many; since the last start. */
  readonly records: number; readonly recordsTotal: number | null;
  readonly isBuilt: boolean; readonly comparison: ReprocessComparison | null; readonly error: string | null;
}
/** An unknown view or job is WEIR_NOT_FOUND, what a job's status does not allow WEIR_CONFLICT. */
export interface Reprocessing {
  start(request: ReprocessRequest): Promise<ReprocessState>;
  /** Newest first. */
  all(): Promise<readonly ReprocessState[]>;
  byId(id: string): Promise<ReprocessState | undefined>;
  pause(id: string): Promise<ReprocessState>;
  resume(id: string): Promise<ReprocessState>;
  switch(id: string): Promise<ReprocessState>;
  rollback(id: string, by: string): Promise<ReprocessState>;
}

// ---- served values against the log

export const mismatchReasons = ['late', 'tie', 'coarsened', 'ttl', 'version', 'warming', 'bug'] as const;
export type MismatchReason = (typeof mismatchReasons)[number];
export interface OnlineVerification {
  /** Share of one core that it may take; 0: it is off. */
  readonly share: number;
  readonly passes: number; readonly lastPassMs: number | null;
  /** Why the last pass failed; null when it did not. */
  readonly lastError: string | null;
  /** Keys of views whose state was computed again. */
  readonly keys: number; readonly same: number; readonly different: number;
  readonly byReason: Readonly<Record<MismatchReason, number>>;
  readonly byView: Readonly<Record<string, { readonly same: number; readonly different: number }>>;
  /** Newest first. */
  readonly examples: ReadonlyArray<{ readonly lane: number; readonly view: string; readonly key: string; readonly reason: MismatchReason; readonly differences: readonly object[] }>;
}
export interface Verification { now(): Promise<OnlineVerification> }

// ---- what was refused, who did what, who may

export interface Quarantined {
  readonly id: string; readonly source: string; readonly transactionId: string | null; readonly reason: 'invalid' | 'future' | 'late';
  readonly field: string | null; readonly expected: string | null; readonly got: string | null; readonly receivedAtMs: number;
  readonly event: Readonly<Record<string, unknown>> | null; readonly resentAtMs: number | null;
}
export interface Quarantine {
  /** Newest first. */
  list(filter: { readonly reason: string | undefined; readonly fromMs: number | undefined; readonly toMs: number | undefined }, page: PageRequest): Promise<Page<Quarantined>>;
  byId(id: string): Promise<Quarantined | undefined>;
  /** As a new event, corrected or as it was; undefined: no such record. */
  resend(id: string, corrected: SubmittedRow | undefined): Promise<RowAnswer | undefined>;
}

export interface AuditEntry { readonly atMs: number; readonly by: string; readonly action: string; readonly subject: string; readonly details: Readonly<Record<string, unknown>> }
export interface Audit {
  record(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(filter: { readonly by: string | undefined; readonly action: string | undefined; readonly fromMs: number | undefined; readonly toMs: number | undefined }, page: PageRequest): Promise<Page<AuditEntry & { readonly id: string }>>;
}

/** API keys by the SHA-256 of the key (hex); the key itself is nowhere. */
export interface StoredKey { readonly id: string; readonly name: string; readonly roles: readonly Role[]; readonly hash: string; readonly createdAtMs: number; readonly revokedAtMs: number | null }
export interface Keys {
  findByHash(hash: string): Promise<StoredKey | undefined>;
  all(): Promise<readonly StoredKey[]>;
  add(key: StoredKey): Promise<void>;
  /** False when there is no such key. */
  revoke(id: string, atMs: number): Promise<boolean>;
}

// ---- what runs

export interface SuiteStatus {
  readonly startedAtMs: number;
  readonly set: string | null;
  readonly appliedAtMs: number | null;
  readonly lanes: ReadonlyArray<{
    readonly lane: number;
    /** Records in the log. */
    readonly records: number;
    /** Offset of the last record that is through; -1: none. `lag` is how many are not. */
    readonly position: number; readonly lag: number;
    /** Offset up to which the state is in the store. */
    readonly statePosition: number;
  }>;
}
export interface Status { now(): Promise<SuiteStatus> }

export interface HistoryLane { readonly lane: number; readonly first: number; readonly last: number; readonly lag: number; readonly files: number; readonly bytes: number; readonly days: number }
export interface History {
  /** Folder of its files. */
  readonly path: string;
  readonly lanes: () => Promise<readonly HistoryLane[]>;
  /** What was decided when it is called is in files when it resolves. */
  readonly flush: () => Promise<void>;
  /** Joins small files; gives how many there are less. */
  readonly compact: () => Promise<number>;
}

// ---- what happens now

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
export interface LiveListener {
  /** Once a batch; must return quickly and throw nothing. */
  decisions(batch: readonly Decision[]): void;
  alerts(batch: readonly Alert[]): void;
}
export interface Live {
  /** Every decision of this process (or deployment), as it is taken; gives the way to end it. */
  subscribe(listener: LiveListener): () => void;
}
