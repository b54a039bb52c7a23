import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';
import type { Models } from '@weir/gateway';
import { modelFilesBelow } from '../model-files';
import { replaceFile } from '../replace-file';

/** Paths that stand for bytes. */
const namesMax = 10_000;

/** Files of models (and their background rows) by SHA-256: what a set names is there as long as the suite's data is. */
export class ModelArtifacts implements Models {
  private readonly hashByPath: Map<string, string>;
  private readonly namesPath: string;
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    this.namesPath = join(folder, 'names.json');
    this.hashByPath = new Map(existsSync(this.namesPath) ? Object.entries(JSON.parse(readFileSync(this.namesPath, 'utf8')) as Record<string, string>) : []); // written by adopt alone
  }

  /** Keeps the bytes and gives their hash. */
  async add(bytes: Uint8Array): Promise<string> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = this.pathOf(sha256);
    if (existsSync(path)) return sha256;
    await replaceFile(path, bytes);
    return sha256;
  }

  /** @throws WeirError WEIR_MODEL_INVALID for bytes that were never given. */
  async read(path: string, sha256: string | null): Promise<Uint8Array> {
    if (sha256 !== null && existsSync(this.pathOf(sha256))) return readFile(this.pathOf(sha256));
    throw new WeirError('WEIR_MODEL_INVALID', `the file ${path}${sha256 === null ? '' : ` (${sha256.slice(0, 12)})`} is not among the suite's model files`, {
      findings: [{ where: path, field: 'file', expected: 'a file that was given with the definitions', got: sha256 ?? 'no SHA-256' }],
    });
  }

  /** Takes the files that model documents name, below a folder: from now on the path stands for these bytes. */
  async adopt(documents: readonly unknown[], folder: string): Promise<void> {
    const read = modelFilesBelow(folder);
    for (const document of documents) {
      if (typeof document !== 'object' || document === null || !('kind' in document) || document.kind !== 'Model' || !('file' in document) || typeof document.file !== 'string') continue;
      const sha256 = await this.add(await read(document.file, null));
      this.hashByPath.set(document.file, sha256);
      if ('background' in document && typeof document.background === 'string') await this.keepBeside(sha256, await read(document.background, null));
    }
    await this.saveNames();
  }

  /** One file of a model, as it comes over the network. @throws WeirError WEIR_NOT_FOUND for background rows of a model that is not here; WEIR_LIMIT_REACHED. */
  async keep({ path, bytes, backgroundOf }: Parameters<Models['keep']>[0]): Promise<string> {
    if (backgroundOf !== undefined) {
      if (!existsSync(this.pathOf(backgroundOf))) throw new WeirError('WEIR_NOT_FOUND', `no model has the SHA-256 ${backgroundOf}: send the model before its background rows`);
      await this.keepBeside(backgroundOf, bytes);
      return createHash('sha256').update(bytes).digest('hex');
    }
    if (!this.hashByPath.has(path) && this.hashByPath.size >= namesMax) throw new WeirError('WEIR_LIMIT_REACHED', `${namesMax} names of model files are kept`);
    const sha256 = await this.add(bytes);
    this.hashByPath.set(path, sha256);
    await this.saveNames();
    return sha256;
  }

  /** One after the other, and whole or not at all. */
  private saveNames(): Promise<void> {
    this.saving = this.saving.catch(() => undefined).then(() => replaceFile(this.namesPath, JSON.stringify(Object.fromEntries(this.hashByPath))));
    return this.saving;
  }

  /** Hash of the bytes that a path stands for; undefined for a path never given. */
  hashOf(path: string): string | undefined { return this.hashByPath.get(path); }

  private async keepBeside(sha256: string, bytes: Uint8Array): Promise<void> {
    await writeFile(join(this.folder, `${sha256}.background`), bytes);
  }

  /** The background rows kept with a model; undefined where it has none. */
  async background(sha256: string): Promise<Uint8Array | undefined> {
    const path = join(this.folder, `${sha256}.background`);
    return existsSync(path) ? readFile(path) : undefined;
  }

  private pathOf(sha256: string): string { return join(this.folder, sha256); }
}
