import type { Decision } from '@weir/contracts';
import type { DecisionRecord } from '../schemas/decision.schema';
import type { DefinitionsChange } from './definitions';
import type { RowAnswer } from './edge';
import type { Page, PageRequest } from './page';

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
