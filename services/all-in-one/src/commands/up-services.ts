import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WeirError } from '@weir/contracts';
import { newApiKey } from '@weir/gateway';
import { Client, runningFile } from '../client';
import { workFolder } from '../folders';
import { ServiceProcesses } from '../services/service-processes';
import { say } from '../terminal';
import { applyOver } from './definitions-remote';
import { endOnSignals } from './end-on-signals';
import type { UpFlags } from './up';

/** `weir up --services`: the five services as processes on real servers, each started again when it ends. Stays until a signal ends it. */
export async function startServices(flags: UpFlags): Promise<void> {
  if (flags.kafka === undefined || flags.redis === undefined) throw new WeirError('WEIR_USAGE', '--services needs --kafka and --redis (and --postgres for what several gateways share)');
  const dataDir = resolve(flags.data ?? join(workFolder(), 'services'));
  const key = process.env['WEIR_API_KEY'] ?? newApiKey().key;
  const processes = new ServiceProcesses({
    port: flags.port ?? 8080, restarts: true,
    env: {
      WEIR_KAFKA_BROKERS: flags.kafka, WEIR_REDIS_URL: flags.redis, ...(flags.postgres === undefined ? {} : { WEIR_POSTGRES_URL: flags.postgres }), WEIR_LANES: String(flags.lanes ?? 1), WEIR_DATA: dataDir, WEIR_API_KEY: key,
      WEIR_LOG_LEVEL: process.env['WEIR_LOG_LEVEL'] ?? 'warn', ...(flags.grpcPort === undefined ? {} : { GATEWAY_GRPC_PORT: String(flags.grpcPort) }),
    },
  });
  endOnSignals(async () => {
    const unclean = await processes.stop();
    if (unclean.length > 0) say(`not ended cleanly: ${unclean.join(', ')}`);
    return unclean.length === 0;
  });
  try {
    const ready = await processes.start(), url = ready.url ?? '';
    if (flags.definitions !== undefined) await applyOver(new Client({ url }, { WEIR_API_KEY: key }), flags.definitions);
    writeFileSync(runningFile(), JSON.stringify({ url, pid: process.pid }), { mode: 0o600 });
    const made = process.env['WEIR_API_KEY'] === undefined;
    if (flags.json) process.stdout.write(`${JSON.stringify({ ready: true, url, grpc: ready.grpc ?? null, ...(made ? { api_key: key } : {}), pids: Object.fromEntries(processes.pids().map(({ name, pid }) => [name, pid])) })}\n`);
    else {
      say(`ready at ${url}: five services, ${processes.pids().map(({ name, pid }) => `${name} ${pid}`).join(', ')}`);
      if (made) say(`API key, shown this once: ${key}\n  export WEIR_API_KEY=${key}`);
    }
  } catch (error) {
    await processes.stop();
    throw error;
  }
}
