import { isNumericType, type FeatureLayout, type FeatureType } from '@weir/contracts';
import { canonicalJson, sha256Hex, type DefinitionSet, type Source } from '@weir/definitions';

/**
 * The names that a stored decision refers to by number. It is a function of a set and a source, plain JSON, and is stored once, by its `id`, beside the
 * decisions that use it: `decisionLayoutOf(set, source)` when a set comes into force.
 */
export interface DecisionLayout {
  /** First 16 hex digits of the SHA-256 of the rest. */
  readonly id: string;
  readonly set: string;
  readonly source: string;
  readonly fields: readonly string[];
  readonly features: { readonly qualifiedNames: readonly string[]; readonly names: readonly string[]; readonly types: readonly FeatureType[] };
  /** Rules, patterns, lists, policies and models, as `Kind/name`. */
  readonly names: readonly string[];
  readonly models: readonly { readonly name: string; readonly version: number }[];
}

export function decisionLayoutOf(set: DefinitionSet, source: Source): DecisionLayout {
  const features = set.layoutBySource.get(source.name);
  const names = [set.rules, set.patterns, set.lists, set.policies].flatMap((definitions) => [...definitions.values()].map(({ kind, name }) => `${kind}/${name}`)).sort();
  const layout = {
    set: set.id, source: source.name, fields: source.fields.map(({ name }) => name), names, models: [...set.models.values()].map(({ name, version }) => ({ name, version })),
    features: { qualifiedNames: features?.qualifiedNames ?? [], names: features?.names ?? [], types: features?.types ?? [] },
  };
  return { id: sha256Hex(canonicalJson(layout)).slice(0, 16), ...layout };
}

/** The feature layout of a stored one, as vectors refer to it. */
export function featureLayoutOf({ features }: DecisionLayout): FeatureLayout {
  const slotByName = new Map(features.qualifiedNames.map((name, slot) => [name, slot]));
  features.names.forEach((name, slot) => slotByName.set(name, slot));
  return { ...features, slotByName };
}

/** Slots whose value is no number, for their own part of a stored vector. */
export const otherSlots = ({ features }: DecisionLayout): readonly number[] => features.types.flatMap((type, slot) => (isNumericType(type) ? [] : [slot]));
