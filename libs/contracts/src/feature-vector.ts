import type { FeatureType, FeatureValue } from './values';

/** In the order of the specification: the first that holds is the status. Stored as its index. */
export const featureStatuses = ['ERROR', 'NOT_FOUND', 'OUTSIDE_MAX_AGE', 'WARMING', 'APPROXIMATE', 'NULL_VALUE', 'PRESENT'] as const;
export type FeatureStatus = (typeof featureStatuses)[number];
export const statusCode = Object.freeze({ ERROR: 0, NOT_FOUND: 1, OUTSIDE_MAX_AGE: 2, WARMING: 3, APPROXIMATE: 4, NULL_VALUE: 5, PRESENT: 6 });

/** The features of one set of definitions for one source, in a fixed order: view by view, as defined. */
export interface FeatureLayout {
  /** `view.name`, unique. */
  readonly qualifiedNames: readonly string[];
  /** The name an answer shows: short where it is unique in the layout, else `view.name`. */
  readonly names: readonly string[];
  readonly types: readonly FeatureType[];
  /** Slot by qualified name, and by short name where one view alone has it. */
  readonly slotByName: ReadonlyMap<string, number>;
}

/**
 * One value and one status per slot of the layout. Numeric and bool values live in `numbers` (NaN where null; bool as 0 or 1),
 * everything else (text, lists, counts) in `others`. Owned by one decision; never shared after it is emitted.
 */
export interface FeatureVector {
  readonly layout: FeatureLayout;
  readonly numbers: Float64Array;
  readonly others: (FeatureValue | undefined)[];
  readonly statuses: Uint8Array;
}

/** True for types whose value is in `numbers`. */
export const isNumericType = (type: FeatureType): boolean => type !== 'string' && type !== 'list' && type !== 'counts';

/** The value of a slot as it is shown and stored: null where there is none. */
export function featureValue(vector: FeatureVector, slot: number): FeatureValue {
  const type = vector.layout.types[slot];
  if (type === undefined) throw new RangeError(`feature slot ${slot} of ${vector.layout.types.length}`);
  if (!isNumericType(type)) return vector.others[slot] ?? null;
  const number = vector.numbers[slot] as number;
  if (Number.isNaN(number)) return null;
  return type === 'bool' ? number !== 0 : number;
}

/** `{name: value}` and `{name: status}` as answers carry them. */
export function vectorToRecord(vector: FeatureVector): { features: Record<string, FeatureValue>; statuses: Record<string, FeatureStatus> } {
  const features: Record<string, FeatureValue> = {};
  const statuses: Record<string, FeatureStatus> = {};
  vector.layout.names.forEach((name, slot) => {
    features[name] = featureValue(vector, slot);
    statuses[name] = featureStatuses[vector.statuses[slot] ?? 0] ?? 'ERROR';
  });
  return { features, statuses };
}
