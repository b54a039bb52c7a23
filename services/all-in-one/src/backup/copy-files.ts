import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Locks belong to the process that holds them; what is half written to whoever writes it. */
const isPassing = (file: string): boolean => /(^|\/)(owner\.lock|lock\.mdb|writing-[^/]*)$|\.new$|-(wal|shm)$/.test(file);

/** Paths of the files below a folder, by name. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/')).filter((file) => !isPassing(file)).sort();
}

export async function copyFile(from: string, to: string, file: string): Promise<void> {
  await mkdir(dirname(join(to, file)), { recursive: true, mode: 0o700 });
  await cp(join(from, file), join(to, file));
}

/** SHA-256 of a file, hex. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
