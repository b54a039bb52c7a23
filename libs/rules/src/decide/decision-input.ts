import type { FeatureVector, PatternMatch, StreamEvent, Value } from '@weir/contracts';
import type { ListLookup } from '@weir/definitions';

/** What the model that answers for a transaction said; `p` null: it gave no answer (NaN, a failure, too late). */
export interface ModelAnswer { readonly name: string; readonly version: number; readonly p: number | null }

/** Whether a rule is silenced for an entity of the event. */
export interface SnoozeLookup { silences(rule: string, event: StreamEvent): boolean }

/** Everything a decision is a function of. */
export interface DecisionInput {
  /** `decisionId(origin)`. */
  readonly id: string;
  readonly event: StreamEvent;
  readonly vector: FeatureVector;
  readonly profiles: ReadonlyMap<string, Readonly<Record<string, Value>>> | undefined;
  readonly matches: readonly PatternMatch[];
  readonly positions: readonly number[] | null;
  /** null: the set has no champion. */
  readonly model: ModelAnswer | null;
  /** p of the models that answered besides, by name. */
  readonly otherModels: Readonly<Record<string, number | null>>;
  /** What failed, in words; empty: nothing did. */
  readonly degradedWhy: readonly string[];
  /** Records in front of it when it was taken, where that was much. */
  readonly backlog?: number | undefined;
  readonly lists: ListLookup;
  readonly snoozes: SnoozeLookup | undefined;
}
