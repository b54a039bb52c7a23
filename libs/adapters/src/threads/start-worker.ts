import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** The compiled file of a worker, without its ending in `path`; undefined where the code runs uncompiled. */
export function builtWorker(...path: readonly string[]): string | undefined {
  const file = `${join(...path)}.js`;
  return existsSync(file) ? file : undefined;
}

/** A thread of `NAME.js` in the folder. Uncompiled code starts `NAME.ts`, which Node strips of its types: such a file runs as it stands, and imports no neighbour. */
export function startWorker(folder: string, name: string, options: WorkerOptions = {}): Worker {
  const built = builtWorker(folder, name);
  // Node says of an uncompiled file how it could be found faster.
  return built === undefined ? new Worker(join(folder, `${name}.ts`), { ...options, execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'] }) : new Worker(built, options);
}
