import { definitionKinds, isKind, schemaByKind } from './document-schema';
import type { Kind, Read } from './document-schema';
import type { Path, SourceDocument } from './documents';
import { describe, flattenIssues } from './findings';
import type { Findings } from './findings';

/** A document whose shape is right; what it refers to is not checked yet. */
export interface ReadDocument<K extends Kind> { readonly document: SourceDocument; readonly read: Read<K> }
export type ReadByKind = { readonly [K in Kind]: readonly ReadDocument<K>[] };

/** Documents by kind, by name. Of two of one name the first stands, the others are reported. */
export function readDocuments(documents: readonly SourceDocument[], findings: Findings): ReadByKind {
  const seen = new Map<string, string>();
  const accepted = documents.filter((document) => {
    findings.addAll(document.problems);
    return document.problems.length === 0 && isNewDefinition(document, seen, findings);
  });
  const of = <K extends Kind>(kind: K): ReadDocument<K>[] => accepted
    .flatMap((document) => readDocument(kind, document, findings))
    .sort((a, b) => (a.read.name < b.read.name ? -1 : 1));
  return {
    Source: of('Source'), Entity: of('Entity'), FeatureView: of('FeatureView'), FeatureService: of('FeatureService'), Table: of('Table'),
    Pattern: of('Pattern'), Rule: of('Rule'), List: of('List'), Model: of('Model'), Policy: of('Policy'),
  };
}

function isNewDefinition(document: SourceDocument, seen: Map<string, string>, findings: Findings): boolean {
  const { value } = document;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.add(document, '(no definition)', [], { expected: 'a definition with kind and name', got: describe(value) });
    return false;
  }
  const kind: unknown = Reflect.get(value, 'kind');
  const name: unknown = Reflect.get(value, 'name');
  const shown = typeof name === 'string' ? name : `(${typeof kind === 'string' ? kind : 'definition'} without a name)`;
  if (!isKind(kind)) {
    findings.add(document, shown, ['kind'], { expected: `one of ${definitionKinds.join(', ')}`, got: describe(kind) });
    return false;
  }
  const hidden = prototypePath(value, [], 0);
  if (hidden !== undefined) {
    findings.add(document, shown, hidden, { expected: 'no field __proto__', got: '__proto__' });
    return false;
  }
  const first = typeof name === 'string' ? seen.get(`${kind}/${name}`) : undefined;
  if (first !== undefined) {
    findings.add(document, shown, ['name'], { expected: `a ${kind} that is defined once`, got: `${shown}, defined at ${first} already` });
    return false;
  }
  if (typeof name === 'string') seen.set(`${kind}/${name}`, document.where(['name']));
  return true;
}

function readDocument<K extends Kind>(kind: K, document: SourceDocument, findings: Findings): ReadDocument<K>[] {
  const { value } = document;
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'kind') !== kind) return [];
  const result = schemaByKind[kind].safeParse(value);
  // The schema of the kind gave it: its output is the kind's.
  if (result.success) return [{ document, read: result.data as Read<K> }];
  const name: unknown = Reflect.get(value, 'name');
  for (const issue of flattenIssues(result.error.issues, value)) findings.add(document, typeof name === 'string' ? name : `(${kind} without a name)`, issue.path, issue);
  return [];
}

/** Deepest nesting of a definition. */
const depthMax = 64;

/** Where a member called `__proto__` hides: schemas of records would drop it silently. */
function prototypePath(value: unknown, path: Path, depth: number): Path | undefined {
  if (typeof value !== 'object' || value === null || depth > depthMax) return undefined;
  if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) return [...path, '__proto__'];
  for (const [key, member] of Object.entries(value)) {
    const found = prototypePath(member, [...path, Array.isArray(value) ? Number(key) : key], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
