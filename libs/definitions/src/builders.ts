import type { FeatureValue } from '@weir/contracts';
import type { Aggregate } from './definition-set';
import type { Kind, Written } from './document-schema';

/**
 * Definitions in TypeScript: each builder gives the very document that YAML would, so `documentsFromJson([…])` takes them, and the
 * compiler knows every field, feature and vector. Types alone are checked here; meaning is checked by `resolveSet` for both.
 */
type FieldText = `${'string' | 'number' | 'int' | 'money' | 'bool' | 'timestamp'}${'' | '!'}`;
type FieldInput = FieldText | (Omit<Exclude<Written<'Source'>['fields'][string], string>, 'type'> & { readonly type: FieldText });
type Fields = Readonly<Record<string, FieldInput>>;
type TextOf<F> = F extends { readonly type: infer T } ? T : F;
/** The TypeScript type of a field's value. */
export type FieldValue<F> = TextOf<F> extends `string${string}` ? string : TextOf<F> extends `bool${string}` ? boolean : number;
type NumericField<F extends Fields> = { [K in keyof F & string]: TextOf<F[K]> extends `${'number' | 'int' | 'money'}${'' | '!'}` ? K : never }[keyof F & string];

/** An expression where a field's name could stand: `of: cel('tx.amount * 2')`. */
export type Cel = string & { readonly __cel: true };
export const cel = (expression: string): Cel => expression as Cel;

type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;
type WrittenFeature = Written<'FeatureView'>['features'][number];
type NumericAggregate = 'sum' | 'avg' | 'min' | 'max' | 'stddev' | 'variance' | 'stddev_pop' | 'variance_pop' | 'median' | 'decay_sum' | `p${number}`;
type ValueAggregate = 'distinct' | 'first' | 'last' | 'last_n' | 'last_distinct' | 'top_k' | 'counts_by';
type FeatureOptions = Omit<WrittenFeature, 'name' | 'agg' | 'of' | 'expr' | 'windows' | 'window' | 'hop' | 'delay' | 'half_life'> & {
  readonly windows?: readonly Duration[]; readonly window?: Exclude<WrittenFeature['window'], string> | Duration; readonly hop?: 'exact' | 'W/60' | Duration; readonly delay?: Duration; readonly half_life?: Duration;
};
type FeatureInput<F extends Fields> = { readonly name: string } & (
  | (FeatureOptions & { readonly agg: NumericAggregate; readonly of: NumericField<F> | Cel })
  | (FeatureOptions & { readonly agg: ValueAggregate; readonly of: (keyof F & string) | Cel })
  | (FeatureOptions & { readonly agg: 'count'; readonly of?: (keyof F & string) | Cel })
  | (FeatureOptions & { readonly agg: 'since_last' | 'since_first' })
  | (FeatureOptions & { readonly agg: 'geo_speed'; readonly of: readonly [NumericField<F>, NumericField<F>] })
  | { readonly expr: string; readonly description?: string }
);

/** `tx_count` with `windows: ['5m']` is `tx_count_5m`; with `window` or none it is `tx_count`. */
export type FeatureName<F> = F extends { readonly name: infer N extends string } ? (F extends { readonly windows: ReadonlyArray<infer W extends string> } ? `${N}_${W}` : N) : never;
type OfValue<F, S extends Fields> = F extends { readonly of: infer O extends keyof S } ? FieldValue<S[O]> : string | number | boolean;
/** The TypeScript type of a feature's value, null where there is none. */
export type FeatureType<F, S extends Fields> = F extends { readonly agg: infer A }
  ? A extends 'first' | 'last' ? OfValue<F, S> | null
    : A extends 'last_n' | 'last_distinct' | 'top_k' ? readonly (OfValue<F, S> | null)[] | null
      : A extends 'counts_by' ? Readonly<Record<string, number>> | null : number | null
  : FeatureValue;

type Brand<T> = { readonly __type?: T };
export type SourceDocument<N extends string = string, F extends Fields = Fields> = Written<'Source'> & { readonly name: N } & Brand<F>;
export type ViewDocument<N extends string = string, V extends object = object> = Written<'FeatureView'> & { readonly name: N } & Brand<V>;
export type ServiceDocument<V extends object = object> = Written<'FeatureService'> & Brand<V>;
/** Values of a view's features, by name. */
export type FeaturesOf<V> = V extends ViewDocument<string, infer F> ? F : never;
/** Values of a service's vector, by `tx:field` and `view:feature`. */
export type VectorOf<S> = S extends ServiceDocument<infer V> ? V : never;

type Body<K extends Kind> = Omit<Written<K>, 'kind'>;
type FieldsOf<S> = S extends SourceDocument<string, infer F> ? F : never;

export function source<const N extends string, const F extends Fields>(body: Omit<Body<'Source'>, 'name' | 'fields' | 'id'> & { readonly name: N; readonly id: keyof F & string; readonly fields: F }): SourceDocument<N, F> {
  return { kind: 'Source', ...body, fields: { ...body.fields } };
}

/** `source` is the builder's document, so that `of` can only name its fields. */
export function view<const N extends string, S extends SourceDocument, const L extends readonly FeatureInput<FieldsOf<S>>[]>(
  body: Omit<Body<'FeatureView'>, 'name' | 'source' | 'features'> & { readonly name: N; readonly source: S; readonly features: L },
): ViewDocument<N, { readonly [F in L[number] as FeatureName<F>]: FeatureType<F, FieldsOf<S>> }> {
  return { kind: 'FeatureView', ...body, source: body.source.name, features: body.features.map(writtenFeature) };
}

type Inputs<S extends SourceDocument, V extends readonly ViewDocument[]> = `tx:${keyof FieldsOf<S> & string}` | { [I in keyof V]: V[I] extends ViewDocument<infer N, infer F> ? `${N}:*` | `${N}:${keyof F & string}` : never }[number];
type ViewNamed<V extends readonly ViewDocument[], N extends string> = Extract<V[number], { readonly name: N }>;
type ValueAt<S extends SourceDocument, V extends readonly ViewDocument[], I extends string> =
  I extends `tx:${infer F}` ? (F extends keyof FieldsOf<S> ? { readonly [K in I]: FieldValue<FieldsOf<S>[F]> | null } : never)
    : I extends `${infer N}:*` ? { readonly [F in keyof FeaturesOf<ViewNamed<V, N>> & string as `${N}:${F}`]: FeaturesOf<ViewNamed<V, N>>[F] }
      : I extends `${infer N}:${infer F}` ? (F extends keyof FeaturesOf<ViewNamed<V, N>> ? { readonly [K in I]: FeaturesOf<ViewNamed<V, N>>[F] } : never) : never;
type Merged<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer A) => void ? A & object : never;

/** `source` and `views` say what `features` may name; the document holds the names alone. */
export function service<S extends SourceDocument, const V extends readonly ViewDocument[], const I extends Inputs<S, V>>(
  body: Omit<Body<'FeatureService'>, 'features'> & { readonly source: S; readonly views: V; readonly features: readonly I[] },
): ServiceDocument<Merged<ValueAt<S, V, I>>> {
  const { source: _source, views: _views, ...written } = body;
  return { kind: 'FeatureService', ...written, features: [...body.features] };
}

export const entity = (body: Body<'Entity'>): Written<'Entity'> => ({ kind: 'Entity', ...body });
export const table = (body: Body<'Table'>): Written<'Table'> => ({ kind: 'Table', ...body });
export const pattern = (body: Body<'Pattern'>): Written<'Pattern'> => ({ kind: 'Pattern', ...body });
export const rule = (body: Body<'Rule'>): Written<'Rule'> => ({ kind: 'Rule', ...body });
export const list = (body: Body<'List'>): Written<'List'> => ({ kind: 'List', ...body });
export const policy = (body: Body<'Policy'>): Written<'Policy'> => ({ kind: 'Policy', ...body });
/** `features` is the service's document. */
export const model = (body: Omit<Body<'Model'>, 'features'> & { readonly features: ServiceDocument }): Written<'Model'> => ({ kind: 'Model', ...body, features: body.features.name });

/** A function of a service's vector whose argument has exactly the service's names and types. */
export const scoringFunction = <V extends object>(of: ServiceDocument<V>, score: (features: V) => number): { readonly service: string; readonly score: (features: V) => number } => ({ service: of.name, score });

/** What every feature is, its lists read-only. */
type AnyFeature = Omit<WrittenFeature, 'of' | 'windows'> & { readonly of?: string | readonly string[]; readonly windows?: readonly string[] };

function writtenFeature({ of, windows, ...rest }: AnyFeature): WrittenFeature {
  return { ...rest, ...(of === undefined ? {} : { of: typeof of === 'string' ? of : [...of] }), ...(windows === undefined ? {} : { windows: [...windows] }) };
}
