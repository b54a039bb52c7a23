import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';
import { copyFile, hashOf } from './copy-files';
import { manifestOf, mustBeNew } from './manifest';

/** Makes a backup the data of a suite; gives how many files there are. @throws WeirError WEIR_INPUT_INVALID where one is not as it was written; nothing is left then. */
export async function restoreBackup(source: string, data: string): Promise<number> {
  const files = Object.entries(await manifestOf(source)), made = `${data}.new`, broken: { readonly where: string; readonly field: string; readonly expected: string; readonly got: string }[] = [];
  mustBeNew(data);
  for (const [file, expected] of files) {
    const got = await copyFile(source, made, file).then(() => hashOf(join(made, file)), () => 'nothing');
    if (got !== expected) broken.push({ where: file, field: 'sha256', expected, got });
  }
  if (broken.length > 0) {
    await rm(made, { recursive: true, force: true });
    throw new WeirError('WEIR_INPUT_INVALID', `${source}: ${broken.length} files are not as they were written; nothing was restored`, { findings: broken });
  }
  await rename(made, data);
  return files.length;
}
