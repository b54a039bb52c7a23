import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** The repository's root, from the compiled file's place (`dist/services/all-in-one/src`) or the source's. */
export const repositoryRoot = (): string => {
  const here = __dirname.replaceAll('\\', '/');
  return resolve(here, here.includes('/dist/services/') ? '../../../..' : '../../..');
};

/** Where Weir keeps what it writes unless told otherwise: `WEIR_WORK_DIR`, else `.weir` in the repository. */
export function workFolder(): string {
  const folder = resolve(process.env['WEIR_WORK_DIR'] ?? resolve(repositoryRoot(), '.weir'));
  mkdirSync(folder, { recursive: true });
  return folder;
}
