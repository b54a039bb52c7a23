/**
 * What a field of an event can hold once ingest has accepted it. Money and int are safe integers, a timestamp is
 * milliseconds since the epoch (UTC), a missing field is null. Never NaN, never ±Infinity.
 */
export type Value = string | number | boolean | null;

/** What a feature can be: a scalar, a list (`last_n`, `top_k`) or counts by value (`counts_by`). */
export type FeatureValue = Value | readonly Value[] | Readonly<Record<string, number>>;

/** Declared type of a field. `!` of the definition is `required`. */
export type FieldType = 'string' | 'number' | 'int' | 'money' | 'bool' | 'timestamp';

/** What type a feature's value has; decides the CEL type of `features.NAME` and whether it fits a model. */
export type FeatureType = FieldType | 'list' | 'counts';
