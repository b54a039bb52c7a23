import type { Aggregate, FeatureLayout, FeatureType, FieldType, Window } from '@weir/contracts';

export type { Aggregate, Window } from '@weir/contracts';

/**
 * A validated set of definitions: every reference holds, every expression has a type, nothing is missing. Durations are ms.
 * These are plain data; the libs compile them. `version` counts changes of meaning of one definition, from 1.
 */
export interface DefinitionSet {
  /** SHA-256 (hex) of the canonical JSON of the whole set. */
  readonly id: string;
  readonly canonicalJson: string;
  readonly sources: ReadonlyMap<string, Source>;
  readonly entities: ReadonlyMap<string, Entity>;
  readonly views: ReadonlyMap<string, FeatureView>;
  readonly services: ReadonlyMap<string, FeatureService>;
  readonly tables: ReadonlyMap<string, Table>;
  readonly patterns: ReadonlyMap<string, Pattern>;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly lists: ReadonlyMap<string, List>;
  readonly models: ReadonlyMap<string, Model>;
  readonly policies: ReadonlyMap<string, Policy>;
  /** The features a decision on this source carries: all views of entities whose key fields the source has, views by name, features as written. The order of documents and files means nothing. */
  readonly layoutBySource: ReadonlyMap<string, FeatureLayout>;
}

interface Documented { readonly name: string; readonly version: number; readonly owner: string | null; readonly description: string | null; readonly tags: readonly string[] }

export interface Field {
  readonly name: string; readonly type: FieldType; readonly required: boolean;
  /** The event's JSON key or column; default the field's name. */
  readonly from: string;
  /** For money given as text or number with a fraction: 57.16 with decimals 2 is 5716. null: already minor units. */
  readonly decimals: number | null;
  readonly class: string | null; readonly mask: string | null; readonly tokenise: boolean;
  readonly min: number | null; readonly max: number | null; readonly enum: readonly (string | number)[] | null; readonly matches: string | null;
}
export interface Source extends Documented {
  readonly kind: 'Source'; readonly id: string; readonly time: string; /** Optional field names of the other two times. */ readonly sentAt: string | null;
  readonly partitionBy: string | null; readonly decide: boolean; readonly fields: readonly Field[]; /** Slot of each field in `StreamEvent.values`. */ readonly slotByField: ReadonlyMap<string, number>;
  /** True for `labels`, which every set with a decided source has and nobody writes. */ readonly builtin: boolean;
  readonly outOfOrdernessMs: number;
  /** What holds: as written, but never more than the longest sliding window (its delay added) of any view over the source; any other kind of feature, or no view, counts as endless. */
  readonly allowedLatenessMs: number;
  /** As written in the definition. */
  readonly writtenAllowedLatenessMs: number;
  readonly maxFutureMs: number; readonly maxSkewMs: number; readonly idleTimeoutMs: number; readonly historyFromMs: number | null;
}
export interface Entity extends Documented { readonly kind: 'Entity'; readonly keys: readonly string[]; readonly hot: boolean }

/** One feature after `windows: [...]` has been spread: `name` is final, e.g. tx_count_1h. */
export type Feature = { readonly name: string; readonly view: string; readonly type: FeatureType; readonly description: string | null } & (
  | {
      readonly form: 'aggregate'; readonly agg: Aggregate; /** Field names (two for geo_speed); empty for a bare count. An expression when it is no plain field. */ readonly of: readonly string[];
      readonly where: string | null; readonly window: Window; readonly current: 'include' | 'exclude';
      readonly k: number | null; readonly n: number | null; /** 0–100, for median and pNN. */ readonly percentile: number | null; readonly halfLifeMs: number | null; readonly exactUpTo: number;
    }
  /** CEL over features of the view by bare name and `tx.`; may call ratio, trend, zscore. `current` etc. do not apply. */
  | { readonly form: 'expression'; readonly expr: string; readonly dependsOn: readonly string[] }
);
export interface FeatureView extends Documented {
  readonly kind: 'FeatureView'; readonly entity: string; readonly source: string; readonly where: string | null; /** null: none. */ readonly ttlMs: number | null; readonly features: readonly Feature[];
}
export interface FeatureService extends Documented { readonly kind: 'FeatureService'; /** `tx:field` or `view:feature`, wildcards spread, in vector order. */ readonly features: readonly string[] }
export interface Table extends Documented { readonly kind: 'Table'; readonly key: string; readonly fields: readonly Field[] }

export interface RuleLike { readonly mode: 'live' | 'shadow' | 'off'; readonly weight: number; readonly outcome: 'none' | 'review' | 'block' | 'approve'; readonly reason: string; readonly then: readonly Action[] }
export type Action =
  | { readonly do: 'add_to_list'; readonly list: string; /** CEL. */ readonly value: string; readonly ttlMs: number | null }
  | { readonly do: 'alert'; readonly severity: string }
  | { readonly do: 'tag'; readonly tag: string }
  | { readonly do: 'webhook'; readonly url: string };
export interface Rule extends Documented, RuleLike { readonly kind: 'Rule'; readonly when: string; readonly validFromMs: number | null; readonly validToMs: number | null }
export interface Pattern extends Documented, RuleLike {
  readonly kind: 'Pattern'; /** Entity name. */ readonly entity: string; /** The steps as written, JSON form (cases/cep) or shorthand; libs/patterns compiles them. */ readonly steps: readonly unknown[];
  readonly withinMs: number | null; readonly matching: 'eager' | 'ordered'; readonly sources: readonly string[]; readonly skip: unknown; readonly onChange: 'finish' | 'drop';
  /** What a partial match that ran out of time raises; default `none`. */
  readonly onTimeout: 'none' | 'alert';
}
export interface List extends Documented { readonly kind: 'List'; readonly of: string; readonly effect: 'none' | 'watch' | 'block' | 'allow' | 'hard'; readonly match: 'exact' | 'email' | 'cidr'; readonly ttlMs: number | null }
export interface Model extends Documented { readonly kind: 'Model'; readonly file: string; readonly sha256: string | null; /** FeatureService name. */ readonly features: string; readonly output: string; readonly role: 'champion' | 'challenger' | 'shadow'; readonly share: number; readonly background: string | null }
export interface Policy extends Documented {
  readonly kind: 'Policy'; readonly when: string | null; readonly order: number; readonly bands: { readonly review: number; readonly block: number }; readonly deadlineMs: number;
  readonly fallback: 'approve' | 'review' | 'block'; readonly onDegraded: 'fallback' | 'continue'; readonly alertAbove: number; readonly exploration: number;
  /** A transaction with more records than this in front of it when it was taken is decided degraded, and without models; null: none is. */
  readonly maxLag: number | null;
  /** How soon a case is due, by its expected loss: the last step whose `from` is at most that counts. Ascending; none: never due. */
  readonly sla: ReadonlyArray<{ readonly from: number; readonly withinMs: number }>;
}
