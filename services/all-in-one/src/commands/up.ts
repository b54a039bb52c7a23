import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { parseDocuments } from '@weir/definitions';
import { readGatewayOptions } from '@weir/gateway';
import { createLogger, Lifecycle, type Logger } from '@weir/platform';
import { runningFile } from '../client';
import { definitionFolder, readDefinitionFiles } from '../definition-files';
import { repositoryRoot, workFolder } from '../folders';
import { readLaneCount } from '../relane/lane-record';
import type { Servers } from '../suite/open-stores';
import { firstKey } from '../suite/first-key';
import { Suite } from '../suite/suite';
import { say } from '../terminal';
import { endOnSignals } from './end-on-signals';
import { startServices } from './up-services';

export interface UpFlags { readonly data?: string; readonly port?: number; readonly grpcPort?: number; readonly definitions?: string; readonly lanes?: number; readonly kafka?: string; readonly redis?: string; readonly postgres?: string; readonly fourEyes?: boolean; readonly json?: boolean; readonly services?: boolean }

export const portOf = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port from 0 to 65535 is expected.');
  return port;
};
export const lanesOf = (text: string): number => {
  const lanes = Number(text);
  if (!Number.isInteger(lanes) || lanes < 1 || lanes > 64) throw new InvalidArgumentError('1 to 64 lanes are expected.');
  return lanes;
};

/** The whole suite in one process on the embedded default. */
export function registerUp(program: Command): void {
  program.command('up').description('the whole suite in one process; says where it listens once it is ready')
    .option('--data <dir>', 'where it keeps everything (default .weir/data)').option('--port <n>', '0 takes a free one', portOf, 8080).option('--grpc-port <n>', '0 takes a free one', portOf, 0)
    .option('--definitions <dir>', 'applied at the start').option('--lanes <n>', 'totally ordered logs (default: as many as the folder has, else 1); `weir reprocess --lanes` changes it', lanesOf)
    .option('--kafka <brokers>', 'host:port, …: lanes and topics on Kafka').option('--redis <url>', 'state on Redis').option('--postgres <url>', 'registry, cases, labels and audit on PostgreSQL')
    .option('--services', 'as five services, a process each, on --kafka and --redis')
    .option('--four-eyes', 'changes of definitions wait until somebody else approves them (or WEIR_FOUR_EYES)').option('--json', 'ready as one JSON line')
    .action(async (flags: UpFlags) => { await (flags.services === true ? startServices(flags) : startSuite(flags)); });
}

export interface RunningSuite { readonly suite: Suite; readonly url: string; /** The key that was just made, or the given one. */ readonly apiKey: string | undefined; readonly madeKey: boolean; readonly logger: Logger; readonly stop: (code: number) => Promise<never> }

/** Starts the suite and stays until a signal ends it; resolves once it is ready. */
export async function startSuite(flags: UpFlags, options: { readonly quiet?: boolean } = {}): Promise<RunningSuite> {
  const dataDir = resolve(flags.data ?? join(workFolder(), 'data'));
  const logger = createLogger({ service: 'weir', level: process.env['WEIR_LOG_LEVEL'] === 'debug' ? 'debug' : process.env['WEIR_LOG_LEVEL'] === 'info' ? 'info' : 'warn' });
  const gateway = { ...readGatewayOptions(process.env), ...(process.env['GATEWAY_PORT'] === undefined || flags.port !== 8080 ? { port: flags.port ?? 8080 } : {}), grpcPort: flags.grpcPort ?? 0, consoleDir: join(repositoryRoot(), 'dist', 'console') };
  const suite = new Suite({ dataDir, lanes: flags.lanes ?? (flags.kafka === undefined ? readLaneCount(dataDir)?.lanes : undefined) ?? 1, gateway: process.env['GATEWAY_HOST'] === undefined ? { ...gateway, host: '127.0.0.1' } : gateway, logger, env: process.env, servers: serversOf(flags), ...(flags.fourEyes === undefined ? {} : { fourEyes: flags.fourEyes }) });
  const lifecycle = new Lifecycle(suite.resources, { logger });
  const stop = endOnSignals(async () => {
    const { failed, late } = await lifecycle.stop();
    return failed.length + late.length === 0;
  });
  process.on('unhandledRejection', (error) => { logger.fatal({ err: error }, 'an error escaped'); void stop(1); });
  try {
    await lifecycle.start();
    if (flags.definitions !== undefined) await applyFolder(suite, flags.definitions);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
  const { key, made } = await firstKey(suite.registry);
  const { url } = suite.server;
  writeFileSync(runningFile(), JSON.stringify({ url, pid: process.pid, data: dataDir }), { mode: 0o600 });
  if (flags.json) process.stdout.write(`${JSON.stringify({ ready: true, url, grpc: suite.server.grpcTarget ?? null, ...(made ? { api_key: key } : {}) })}\n`);
  else if (options.quiet !== true) {
    say(`ready at ${url}  (console at /, interface at /docs), gRPC at ${suite.server.grpcTarget ?? 'none'}`);
    if (made) say(`API key, shown this once: ${key ?? ''}\n  export WEIR_API_KEY=${key ?? ''}`);
  }
  return { suite, url, apiKey: key, madeKey: made, logger, stop };
}

const serversOf = (flags: UpFlags): Servers => ({
  ...(flags.kafka === undefined ? {} : { kafka: flags.kafka.split(',').map((broker) => broker.trim()) }),
  ...(flags.redis === undefined ? {} : { redis: flags.redis }), ...(flags.postgres === undefined ? {} : { postgres: flags.postgres }),
});

/** Applies a folder of definitions as the whole set, models with it. */
export async function applyFolder(suite: Suite, path: string): Promise<void> {
  const files = readDefinitionFiles(path);
  await suite.artifacts.adopt(parseDocuments(files).map(({ value }) => value), definitionFolder(path));
  await suite.definitions.apply({ files: files.map((file) => ({ path: file.file, text: file.text })), documents: [], prune: true }, { name: 'cli', note: `from ${path}` });
}
