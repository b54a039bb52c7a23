import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { statusCode, type Decision, type FeatureLayout } from '@weir/contracts';
import type { GatewayDependencies } from '../src/dependencies';
import type { Edge } from '../src/dependencies/edge';
import { GatewayServer } from '../src/gateway-server';
import { readGatewayOptions } from '../src/gateway.config';
import { InMemorySuite, makeDecision } from '../test/in-memory-suite';

/**
 * CPU of this process per transaction over HTTP, without what decides: the edge answers at once with a decision of 60 features. Run compiled:
 * `node dist/services/gateway/bench/request-cost.bench.js [seconds]`. One JSON line per figure.
 */
async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 5);
  const suite = new InMemorySuite();
  suite.addKey('bench', ['admin']);
  const deps: GatewayDependencies = { ...suite.dependencies, edge: new ConstantEdge() };
  const server = new GatewayServer(deps, { ...readGatewayOptions({}), host: '127.0.0.1', port: 0, keyRateMax: 1_000_000, keyBurstMax: 1_000_000 });
  await server.start();
  await load(server.url, { route: '/transactions', seconds: 1, body: one, type: 'application/json' });
  await measure('single', 1, () => load(server.url, { route: '/transactions', seconds, body: one, type: 'application/json' }));
  await measure('batch', batchRows, () => load(server.url, { route: '/transactions/batch', seconds, body: many, type: 'application/x-ndjson' }));
  await measure('batch minimal', batchRows, () => load(server.url, { route: '/transactions/batch', seconds, body: many, type: 'application/x-ndjson', prefer: 'return=minimal' }));
  await server.stop();
}

const batchRows = 1_000;
const one = JSON.stringify({ transaction_id: 't-1', event_time: '2026-03-01T12:00:00Z', card_id: 'c-1', amount: 5_716, currency: 'EUR', merchant_id: 'm-1', device_id: 'd-1', ip: '10.0.0.1', country: 'DE', note: 'x'.repeat(180) });
const many = `${one}\n`.repeat(batchRows);

class ConstantEdge implements Edge {
  private readonly answer = { kind: 'decided', duplicate: false, decision: decisionOf60Features() } as const;
  submit(rows: readonly unknown[]): Promise<(typeof this.answer)[]> {
    return Promise.resolve(rows.map(() => this.answer));
  }
  simulate(): Promise<typeof this.answer> {
    return Promise.resolve(this.answer);
  }
}

function decisionOf60Features(): Decision {
  const names = Array.from({ length: 60 }, (_, index) => `feature_number_${index}_1h`);
  const layout: FeatureLayout = { qualifiedNames: names, names, types: names.map(() => 'number' as const), slotByName: new Map(names.map((name, slot) => [name, slot])) };
  const decision = makeDecision({ offset: 1, transactionId: 't-1', amount: 5_716, eventTimeMs: 1_772_366_400_000, tx: JSON.parse(one) as Record<string, unknown> });
  const vector = { layout, numbers: Float64Array.from(names, (_, index) => (index % 3 === 0 ? index / 7 : index)), others: names.map(() => undefined), statuses: Uint8Array.from(names, () => statusCode.PRESENT) };
  return { ...decision, verdict: { ...decision.verdict, vector } };
}

interface Load { readonly route: string; readonly seconds: number; readonly body: string; readonly type: string; readonly prefer?: string }

/** Requests answered; the client is a process of its own, so that its CPU is not counted. */
function load(url: string, { route, seconds, body, type, prefer }: Load): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const file = join(folder, 'body');
  writeFileSync(file, body);
  const headers = ['-H', 'authorization=Bearer bench', '-H', `content-type=${type}`, ...(prefer === undefined ? [] : ['-H', `prefer=${prefer}`])];
  const client = spawn(process.execPath, [require.resolve('autocannon/autocannon.js'), '-j', '-c', route.endsWith('batch') ? '2' : '32', '-d', String(seconds), '-m', 'POST', ...headers, '-i', file, url + route], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  client.stdout.on('data', (chunk) => { text += String(chunk); });
  return new Promise((resolve, reject) => {
    client.once('error', reject);
    client.once('close', () => {
      rmSync(folder, { recursive: true });
      resolve((JSON.parse(text) as { '2xx': number })['2xx']);
    });
  });
}

async function measure(work: string, itemsPerRequest: number, run: () => Promise<number>): Promise<void> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const items = (await run()) * itemsPerRequest;
  const { user, system } = process.cpuUsage(before);
  const tookS = (performance.now() - startedAt) / 1_000;
  for (const [metric, value, unit] of [['cpu_per_item', (user + system) / items, 'us'], ['user_cpu_per_item', user / items, 'us'], ['throughput', items / tookS, '/s']] as const) {
    process.stdout.write(`${JSON.stringify({ bench: 'http', metric, value: Math.round(value * 100) / 100, unit, n: items, work })}\n`);
  }
}

void main();
