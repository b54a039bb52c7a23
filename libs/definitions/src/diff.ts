import { canonicalDocument, definitionKey, definitionsOf, meaningId } from './canonical-document';
import type { Definition } from './canonical-document';
import { canonicalJson } from './canonical-json';
import type { DefinitionSet } from './definition-set';
import type { Kind } from './document-schema';

export interface DefinitionChange {
  readonly kind: Kind;
  readonly name: string;
  /** null: it was not there. */
  readonly from: number | null;
  /** null: it is gone. */
  readonly to: number | null;
  /** Top-level fields that differ; of a new or removed definition none. */
  readonly fields: readonly string[];
}

export interface SetDiff {
  readonly added: readonly DefinitionChange[];
  /** A change of meaning: the version goes up. */
  readonly changed: readonly DefinitionChange[];
  /** Only description, owner or tags differ: the version stays. */
  readonly documented: readonly DefinitionChange[];
  readonly removed: readonly DefinitionChange[];
}

/** What it takes to get from one set to another. */
export function diffSets(from: DefinitionSet | undefined, to: DefinitionSet): SetDiff {
  const before = byKey(from);
  const after = byKey(to);
  const change = (old: Definition | undefined, next: Definition | undefined): DefinitionChange[] => {
    const either = next ?? old;
    return either === undefined ? [] : [{ kind: either.kind, name: either.name, from: old?.version ?? null, to: next?.version ?? null, fields: old === undefined || next === undefined ? [] : changedFields(old, next) }];
  };
  const both = [...after].flatMap(([key, next]) => {
    const old = before.get(key);
    return old === undefined ? [] : change(old, next).filter((each) => each.fields.length > 0).map((each) => ({ each, same: meaningId(old) === meaningId(next) }));
  });
  return {
    added: [...after].filter(([key]) => !before.has(key)).flatMap(([, next]) => change(undefined, next)),
    changed: both.filter(({ same }) => !same).map(({ each }) => each),
    documented: both.filter(({ same }) => same).map(({ each }) => each),
    removed: [...before].filter(([key]) => !after.has(key)).flatMap(([, old]) => change(old, undefined)),
  };
}

const byKey = (set: DefinitionSet | undefined): Map<string, Definition> => new Map(set === undefined ? [] : definitionsOf(set).map((definition) => [definitionKey(definition), definition]));

function changedFields(old: Definition, next: Definition): string[] {
  const before = canonicalDocument(old);
  const after = canonicalDocument(next);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => canonicalJson(before[key] ?? null) !== canonicalJson(after[key] ?? null)).sort();
}
