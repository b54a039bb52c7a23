import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashApiKey, readGatewayOptions } from '@weir/gateway';
import { createLogger, Lifecycle } from '@weir/platform';
import { Suite } from '../suite/suite';
import type { LoadOrder, LoadReport } from './load-client';

export interface BenchSuite { readonly suite: Suite; readonly url: string; readonly grpc: string; readonly key: string; readonly stop: () => Promise<void> }

/** The whole suite in this process, over a folder that goes with it, behind free ports, with a key that may do all. */
export async function openBenchSuite(env: Readonly<Record<string, string>> = {}): Promise<BenchSuite> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const logger = createLogger({ service: 'bench', level: 'error' });
  const unlimited = { keyRateMax: 10_000_000, keyBurstMax: 10_000_000 };
  const suite = new Suite({ dataDir: folder, lanes: 1, gateway: { ...readGatewayOptions({}), ...unlimited, host: '127.0.0.1', port: 0, grpcPort: 0, consoleDir: undefined }, logger, env });
  const lifecycle = new Lifecycle(suite.resources, { logger });
  await lifecycle.start();
  const key = randomBytes(16).toString('hex');
  await suite.registry.addKey({ id: 'k-bench', name: 'bench', secretHash: hashApiKey(key), roles: ['admin', 'replay', 'decide', 'edit', 'read'], createdAtMs: 0, createdBy: 'bench', revokedAtMs: null });
  return { suite, url: suite.server.url, grpc: suite.server.grpcTarget ?? '', key, stop: async () => { await lifecycle.stop(); rmSync(folder, { recursive: true, force: true }); } };
}

/** Sends load from a process of its own, whose CPU is not counted. `measuring` is called when the warm-up is over. */
export function sendLoad(order: LoadOrder, measuring: () => void): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const child = fork(join(__dirname, 'load-client.js'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the client ended with ${code ?? 'a signal'}`)));
    child.on('message', (message: 'measuring' | LoadReport) => {
      if (message === 'measuring') return measuring();
      resolve(message);
      child.kill();
    });
    child.send(order);
  });
}
