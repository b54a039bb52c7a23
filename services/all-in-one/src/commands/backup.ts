import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import { WeirError } from '@weir/contracts';
import { SystemClock } from '@weir/ports';
import { workFolder } from '../folders';
import { say } from '../terminal';

const manifestName = 'weir-backup.json';
const manifestFormat = 1;

/** All that a suite on the embedded stores keeps, as a folder with the hash of each file. Both while it is stopped. */
export function registerBackup(program: Command): void {
  program.command('backup').description("copies a stopped suite's data into a new folder, with the hash of each file").argument('<folder>', 'made here; must not be there yet').option('--data <dir>', 'what to copy (default .weir/data)')
    .action((folder: string, flags: { readonly data?: string }) => backup(resolve(flags.data ?? join(workFolder(), 'data')), resolve(folder)));
  program.command('restore').description('checks a backup and makes it the data of a suite that is not there yet').argument('<folder>', 'as `backup` wrote it').option('--data <dir>', 'made here (default .weir/data)')
    .action((folder: string, flags: { readonly data?: string }) => restore(resolve(folder), resolve(flags.data ?? join(workFolder(), 'data'))));
}

async function backup(data: string, target: string): Promise<void> {
  if (!existsSync(join(data, 'log'))) throw new WeirError('WEIR_USAGE', `${data}: no suite has kept its data here`);
  mustBeNew(target);
  // Holding the log keeps a suite from starting, and is refused while one runs.
  const log = new LmdbEventLog({ path: join(data, 'log'), lanes: 1, clock: new SystemClock() });
  try {
    const files = await copyFiles(data, `${target}.new`, await filesBelow(data));
    await writeFile(join(`${target}.new`, manifestName), `${JSON.stringify({ format: manifestFormat, files }, null, 1)}\n`);
    await rename(`${target}.new`, target);
    say(`${Object.keys(files).length} files of ${data} are in ${target}; it holds the key of the tokens: keep it as safe as the data`);
  } finally { await log.close(); }
}

async function restore(source: string, data: string): Promise<void> {
  const files = await manifestOf(source);
  mustBeNew(data);
  const copied = await copyFiles(source, `${data}.new`, Object.keys(files));
  const broken = Object.keys(files).filter((file) => copied[file] !== files[file]);
  if (broken.length > 0) {
    await rm(`${data}.new`, { recursive: true });
    throw new WeirError('WEIR_INPUT_INVALID', `${source}: ${broken.length} files are not as they were written; nothing was restored`, { findings: broken.map((file) => ({ where: file, field: 'sha256', expected: files[file] ?? '', got: copied[file] ?? '' })) });
  }
  await rename(`${data}.new`, data);
  say(`${Object.keys(files).length} files are restored: weir up --data ${data}`);
}

function mustBeNew(folder: string): void {
  for (const each of [folder, `${folder}.new`]) if (existsSync(each)) throw new WeirError('WEIR_USAGE', `${each} is there already: name a folder that is not`);
}

/** Locks belong to the process that holds them. */
const isLock = (file: string): boolean => /(^|\/)(owner\.lock|lock\.mdb)$/.test(file);

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/')).filter((file) => !isLock(file) && file !== manifestName).sort();
}

/** Copies and gives the SHA-256 of each copy by its path. */
async function copyFiles(from: string, to: string, files: readonly string[]): Promise<Record<string, string>> {
  const sha256ByFile: Record<string, string> = {};
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await cp(join(from, file), join(to, file));
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(to, file)), hash);
    sha256ByFile[file] = hash.digest('hex');
  }
  return sha256ByFile;
}

async function manifestOf(folder: string): Promise<Readonly<Record<string, string>>> {
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
