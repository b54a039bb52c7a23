import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { WeirError } from '@weir/contracts';
import { parseDocuments, resolveSet, type DefinitionFile, type DefinitionSet, type SourceDocument } from '@weir/definitions';
import { setChecks } from './set-checks';

const endings = /\.(ya?ml|json)$/;
const filesMax = 10_000;

/** The definition files of a folder and below (or the one file named), by path ascending. @throws WeirError WEIR_USAGE. */
export function readDefinitionFiles(path: string): DefinitionFile[] {
  let isFolder: boolean;
  try { isFolder = statSync(path).isDirectory(); } catch (cause) { throw new WeirError('WEIR_USAGE', `${path}: no such file or folder of definitions`, { cause }); }
  if (!isFolder) return [{ file: path, text: readFileSync(path, 'utf8') }];
  const paths: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const full = join(folder, entry.name);
      if (entry.isDirectory()) visit(full);
      else if (endings.test(entry.name) && !entry.name.endsWith('.schema.json')) paths.push(full);
      if (paths.length > filesMax) throw new WeirError('WEIR_USAGE', `${path}: more than ${filesMax} files of definitions`);
    }
  };
  visit(path);
  if (paths.length === 0) throw new WeirError('WEIR_USAGE', `${path}: holds no definitions (.yaml, .yml or .json)`);
  return paths.sort().map((full) => ({ file: relative(process.cwd(), full).startsWith('..') ? full : relative(process.cwd(), full), text: readFileSync(full, 'utf8') }));
}

/** A folder (or file) of definitions as a validated set. @throws WeirError WEIR_DEFINITION_INVALID with every finding. */
export const loadDefinitionSet = (path: string, previous?: DefinitionSet): DefinitionSet =>
  resolveSet(parseDocuments(readDefinitionFiles(path)).map((document) => withModelHash(document, definitionFolder(path))), previous, { checks: setChecks });

/** A model stands for the bytes of its file: their hash is part of its meaning, here as in a running suite. A file that is not there is found missing when it is loaded. */
function withModelHash(document: SourceDocument, folder: string): SourceDocument {
  const { value } = document;
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'Model' || !('file' in value) || typeof value.file !== 'string' || 'sha256' in value) return document;
  const file = resolve(folder, value.file);
  return existsSync(file) ? { ...document, value: { ...value, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') } } : document;
}

/** The folder that a model's `file` is relative to: that of the definitions. */
export const definitionFolder = (path: string): string => (statSync(path).isDirectory() ? path : dirname(path));
