import type { Finding } from '@weir/contracts';
import { LineCounter, isNode, parseAllDocuments } from 'yaml';

export type Path = readonly (string | number)[];

/** One definition as it came, not validated yet, able to say where each of its parts stands. */
export interface SourceDocument {
  readonly value: unknown;
  /** `file:line`, or a path such as `definitions[3].when` where there is no file. */
  readonly where: (path: Path) => string;
  /** What kept it from being read at all. */
  readonly problems: readonly Finding[];
}

export interface DefinitionFile { readonly file: string; readonly text: string }

/** Largest text of one file of definitions, in characters. */
const fileLengthMax = 16 * 1024 * 1024;
/** Definitions of one set. */
export const documentsMax = 50_000;

/**
 * Reads YAML files (several documents each, separated by `---`) and JSON files (one definition, or a list of them). Nothing is thrown:
 * what cannot be read becomes a document with problems, which `resolveSet` reports with all others.
 */
export const parseDocuments = (files: readonly DefinitionFile[]): SourceDocument[] => files.flatMap(parseFile);

/** Definitions that are JSON already, as cases and the API bring them. */
export const documentsFromJson = (values: readonly unknown[], root = 'definitions'): SourceDocument[] =>
  values.map((value, index) => ({ value, where: (path) => `${root}[${index}]${pathText(path)}`, problems: [] }));

/** `.features[2].of` */
export const pathText = (path: Path): string => path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');

function parseFile({ file, text }: DefinitionFile): SourceDocument[] {
  if (text.length > fileLengthMax) return [unreadable(`${file}:1`, `at most ${fileLengthMax} characters`, `${text.length} characters`)];
  const lines = new LineCounter();
  const lineAt = (offset: number | undefined): string => `${file}:${lines.linePos(offset ?? 0).line}`;
  const parsed = parseAllDocuments(text, { lineCounter: lines, version: '1.2', schema: 'core', uniqueKeys: true, prettyErrors: false, merge: false });
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((document) => {
    const error = document.errors[0];
    if (error !== undefined) return document.errors.map((each) => unreadable(lineAt(each.pos[0]), 'YAML or JSON', each.message));
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch (problem) {
      return [unreadable(lineAt(document.range[0]), 'YAML or JSON', problem instanceof Error ? problem.message : String(problem))];
    }
    if (value === null || value === undefined) return [];
    const where = (path: Path): string => {
      for (let length = path.length; length >= 0; length--) {
        const part = path.slice(0, length);
        const node = length === 0 ? document.contents : document.getIn(part, true);
        const keyed = length > 0 ? keyOffset(document.getIn(part.slice(0, -1), true), part[length - 1]) : undefined;
        if (keyed !== undefined) return lineAt(keyed);
        if (isNode(node) && node.range) return lineAt(node.range[0]);
      }
      return lineAt(document.range[0]);
    };
    if (!Array.isArray(value)) return [{ value, where, problems: [] }];
    return value.map((item: unknown, index) => ({ value: item, where: (path: Path) => where([index, ...path]), problems: [] }));
  });
}

/** Offset of a map's key: a finding points at the line that names the field, also where its value starts below. */
function keyOffset(parent: unknown, key: string | number | undefined): number | undefined {
  if (typeof parent !== 'object' || parent === null || !('items' in parent) || !Array.isArray(parent.items)) return undefined;
  for (const item of parent.items) {
    if (typeof item === 'object' && item !== null && 'key' in item && isNode(item.key) && 'value' in item.key && item.key.value === key) return item.key.range?.[0];
  }
  return undefined;
}

const unreadable = (where: string, expected: string, got: string): SourceDocument => ({ value: undefined, where: () => where, problems: [{ where, field: '', expected, got }] });
