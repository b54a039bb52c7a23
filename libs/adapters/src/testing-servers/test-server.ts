import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A real server that an integration spec may use, or why there is none. */
export type TestServer = { readonly name: string; readonly url: string } | { readonly name: string; readonly unavailable: string };

/** Starts, stops and knows all servers of tests. */
export const serversScript = join(folderWith('tools/servers/servers.cjs'), 'tools/servers/servers.cjs');
const startMsMax = 10 * 60_000;

/** Starts the server where none runs yet; all suites share it. Synchronous, for Jest wants to know its tests when a file is loaded. */
function server(name: string): TestServer {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [serversScript, 'up', name], { encoding: 'utf8', timeout: startMsMax });
  if (status !== 0) return { name, unavailable: error?.message ?? stderr.trim() };
  const answer: unknown = JSON.parse(stdout);
  const entry = isObject(answer) ? answer[name] : undefined;
  if (isObject(entry) && typeof entry['url'] === 'string') return { name, url: entry['url'] };
  return { name, unavailable: isObject(entry) ? String(entry['unavailable']) : stdout };
}

/** `url` is host:port. */
export const kafkaServer = (): TestServer => server('kafka');
export const redisServer = (): TestServer => server('redis');
/** `url` lists the nodes, separated by commas. */
export const redisClusterServer = (): TestServer => server('redis-cluster');
/** `url` is of the database `postgres`, with the right to make others and to replicate. */
export const postgresServer = (): TestServer => server('postgres');

/** Topics, keys and databases of one suite start with it, so that suites share a server and meet nothing of each other. */
export const freshName = (stem: string): string => `${stem}_${randomBytes(5).toString('hex')}`;

/**
 * A block of tests against a real server. Without the server the block is skipped and says which and why; under `CI=true` it fails, for there nothing may
 * go unseen.
 */
export function describeOn(under: TestServer, body: (url: string) => void): void {
  if ('url' in under) {
    describe(`on ${under.name}`, () => body(under.url));
    return;
  }
  const title = `on ${under.name}: DID NOT RUN, for there is no server (${under.unavailable})`;
  if (process.env['CI'] === 'true') it(title, () => { throw new Error(`${under.name} is needed: ${under.unavailable}`); });
  else it.skip(title, () => undefined);
}

/** The next folder above that has the file: what is compiled lies deeper than its source. */
function folderWith(file: string): string {
  let folder = __dirname;
  while (!existsSync(join(folder, file)) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
