import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';

export const manifestName = 'weir-backup.json';
export const manifestFormat = 1;

/** How far each part of a lane is in a backup: offsets of the last record, -1 for none. */
export interface LanePlaces { readonly lane: number; readonly log: { readonly first: number; readonly next: number }; readonly state: number; readonly decisions: number; readonly history: number }

/** SHA-256 by path of what is in a backup. @throws WeirError WEIR_USAGE where there is none. */
export async function manifestOf(folder: string): Promise<Readonly<Record<string, string>>> {
  let text: string;
  try { text = await readFile(join(folder, manifestName), 'utf8'); } catch (cause) { throw new WeirError('WEIR_USAGE', `${folder}: no backup (${manifestName} is not there)`, { cause }); }
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest !== 'object' || manifest === null || !('format' in manifest) || manifest.format !== manifestFormat || !('files' in manifest) || typeof manifest.files !== 'object' || manifest.files === null) {
    throw new WeirError('WEIR_USAGE', `${folder}: no backup of format ${manifestFormat}`);
  }
  const files = Object.entries(manifest.files).map(([file, sha256]) => [file, String(sha256)] as const);
  const leaving = files.find(([file]) => file.startsWith('/') || file.split('/').includes('..'));
  if (leaving !== undefined) throw new WeirError('WEIR_USAGE', `${folder}: ${leaving[0]} lies outside the backup`);
  return Object.fromEntries(files);
}

/** A folder that is made, and what it is made in first. @throws WeirError WEIR_USAGE where one is there. */
export function mustBeNew(folder: string): void {
  for (const each of [folder, `${folder}.new`]) if (existsSync(each)) throw new WeirError('WEIR_USAGE', `${each} is there already: name a folder that is not`);
}
