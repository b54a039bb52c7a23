import { createHash } from 'node:crypto';
import { parseDocuments, type DefinitionFile } from '@weir/definitions';
import { definitionFolder, readDefinitionFiles } from './definition-files';
import { modelFilesBelow } from './model-files';

/** A model's files as a folder of definitions has them. */
export interface ModelFile { readonly path: string; readonly sha256: string; readonly bytes: Uint8Array<ArrayBuffer>; readonly background: { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined }

/** A folder of definitions with the files that its models name. @throws WeirError for a file that cannot be read or is not what its document says. */
export async function readFolder(path: string): Promise<{ readonly files: readonly DefinitionFile[]; readonly models: readonly ModelFile[] }> {
  const files = readDefinitionFiles(path);
  const read = modelFilesBelow(definitionFolder(path));
  const models: ModelFile[] = [];
  for (const { value } of parseDocuments(files)) {
    if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'Model' || !('file' in value) || typeof value.file !== 'string') continue;
    const bytes = await read(value.file, 'sha256' in value && typeof value.sha256 === 'string' ? value.sha256 : null);
    const background = 'background' in value && typeof value.background === 'string' ? { path: value.background, bytes: new Uint8Array(await read(value.background, null)) } : undefined;
    models.push({ path: value.file, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: new Uint8Array(bytes), background });
  }
  return { files, models };
}

/** The change that a folder is: all of its files as the whole set, and what its models' paths stand for. */
export const changeOf = ({ files, models }: Awaited<ReturnType<typeof readFolder>>): Readonly<Record<string, unknown>> => ({
  files: files.map(({ file, text }) => ({ path: file, text })), prune: true, model_files: Object.fromEntries(models.map(({ path, sha256 }) => [path, sha256])),
});
