import { canonicalDocument, canonicalJson, sha256Hex, type Definition, type DefinitionSet, type Pattern } from '@weir/definitions';

/** What each stage of a set is a function of. Two sets of one identity give that stage's outputs alike, for every log. */
export interface StageIdentity {
  /** Ingest and features: sources, entities, tables and views, and which events are read. */
  readonly features: string;
  /** Patterns, given the features: what they match, not what a match is worth. */
  readonly patterns: string;
  /** Names and versions of the patterns that run: a pattern of another version begins anew. */
  readonly running: string;
}

/** What people note beside a definition changes nothing. */
const noted = ['description', 'owner', 'tags'] as const;
/** What a pattern's match means to a decision is read by rules and score alone. */
const worth = ['mode', 'weight', 'outcome', 'reason', 'then'] as const;

export function stageIdentity(set: DefinitionSet): StageIdentity {
  const patterns = [...set.patterns.values()].filter(({ mode }) => mode !== 'off');
  const seen = [...new Set(patterns.flatMap(({ sources }) => sources))].sort();
  return {
    features: hashOf({ seen, order: [...set.views.keys()], definitions: [set.sources, set.entities, set.tables, set.views].map((definitions) => [...definitions.values()].map((each) => without(each, noted))) }),
    running: patterns.map(({ name, version }) => `${name}@${version}`).sort().join(' '),
    patterns: hashOf(patterns.map((pattern: Pattern) => without(pattern, [...noted, ...worth])).sort((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1))),
  };
}

function without(definition: Definition, fields: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(canonicalDocument(definition)).filter(([field]) => !fields.includes(field)));
}

const hashOf = (value: unknown): string => sha256Hex(canonicalJson(value));
