import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OwnServer } from '@weir/adapters/testing-servers';
import { Client } from '../client';
import { applyOver } from '../commands/definitions-remote';
import { repositoryRoot } from '../folders';
import { ServiceProcesses } from '../services/service-processes';
import { say } from '../terminal';
import { sendLoad } from './bench-suite';
import { latencyFigures, round, type Figure } from './figures';
import type { LoadOrder, LoadReport } from './load-client';
import { serverLimits } from './server-limits';

const steadyRates = [500, 2_000];
const batchRows = 500, batchesInFlight = 4, requestsInFlight = 64;
/** A rate is kept up when nothing fails, nearly all that was due is answered in its time, and the tail does not grow. */
const keptUp = { shareMin: 0.97, p99MsMax: 1_000 };
/** Of the throughput with requests always under way: what is tried, until one is kept up. */
const sharesTried = [0.9, 0.8, 0.65, 0.5, 0.35];
const ticksPerSecond = 100;

/**
 * The five services as processes on a broker and a Redis of their own: throughput of batches over HTTP, latency from a request to its decision through all topics, at set rates and at the highest that is
 * kept up; then what the broker's own tools and redis-benchmark reach on the same servers.
 */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const [broker, redis] = await Promise.all([OwnServer.kafka({}), OwnServer.redis({ servers: [['--port', '{port:0}', '--dir', '{dir}', '--save', '']] })]);
  const key = randomBytes(16).toString('hex');
  const processes = new ServiceProcesses({
    port: 0, restarts: true, logPath: join(folder, 'services.log'),
    env: { WEIR_KAFKA_BROKERS: broker.address, WEIR_REDIS_URL: `redis://${redis.address}`, WEIR_DATA: join(folder, 'data'), WEIR_PREFIX: 'bench', WEIR_API_KEY: key, WEIR_LOG_LEVEL: 'error', GATEWAY_KEY_RATE_MAX: '10000000', GATEWAY_KEY_BURST_MAX: '10000000' },
  });
  try {
    const url = (await processes.start()).url ?? '';
    const { set } = await applyOver(new Client({ url }, { WEIR_API_KEY: key }), patient(join(repositoryRoot(), 'examples', 'definitions'), join(folder, 'definitions')));
    say(`five services at ${url}, set ${String(set).slice(0, 12)}`);
    yield* latenciesAndThroughput({ url, key, processes }, quick);
    await processes.stop();
    yield* serverLimits({ kafka: broker.address, redis: redis.address }, quick);
  } finally {
    await processes.stop();
    await Promise.allSettled([broker.remove(), redis.remove()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same definitions with a deadline that nobody meets: what is measured is when the decision comes, not when the caller is sent away. */
function patient(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  const policy = join(to, 'policy.yaml');
  writeFileSync(policy, readFileSync(policy, 'utf8').replace(/^deadline: .*$/m, 'deadline: 10s'));
  return to;
}

interface Target { readonly url: string; readonly key: string; readonly processes: ServiceProcesses }

async function* latenciesAndThroughput({ url, key, processes }: Target, quick: boolean): AsyncGenerator<Figure> {
  const measureMs = quick ? 3_000 : 20_000, warmMs = quick ? 1_500 : 5_000;
  const work = 'five processes on one broker and one Redis, the example definitions and model; client on the same machine';
  const order = (more: Partial<LoadOrder>): LoadOrder => ({ kind: 'http-transactions', target: url, key, inFlight: requestsInFlight, perSecond: undefined, warmMs, measureMs, entitiesPerRead: 0, entities: 0, run: randomBytes(4).toString('hex'), ...more });

  let before = cpuByService(processes);
  const batches = await sendLoad(order({ kind: 'http-batches', inFlight: batchesInFlight, rowsPerRequest: batchRows }), () => { before = cpuByService(processes); });
  failOn(batches);
  const decided = batches.answered * batchRows, inBatches = `${work}; POST /transactions/batch of ${batchRows}, ${batchesInFlight} under way`;
  yield { bench: 'kafka', metric: 'throughput', value: round(decided / batches.seconds), unit: '/s', n: decided, work: inBatches };
  yield* cpuFigures(before, cpuByService(processes), decided, inBatches);

  const flood = await sendLoad(order({}), () => undefined);
  failOn(flood);
  const single = flood.answered / flood.seconds, oneByOne = `${work}; POST /transactions, ${requestsInFlight} under way`;
  yield { bench: 'kafka', metric: 'throughput_single', value: round(single), unit: '/s', n: flood.answered, work: oneByOne };

  for (const perSecond of steadyRates) {
    const report = await sendLoad(order({ perSecond }), () => { before = cpuByService(processes); });
    yield* steadyFigures(report, perSecond, work, 'latency');
    for (const figure of cpuFigures(before, cpuByService(processes), report.answered, `${work}; POST /transactions at ${perSecond}/s`)) yield { ...figure, metric: figure.metric.replace('per_item', `per_item_at_${perSecond}`) };
  }
  for (const share of sharesTried) {
    const perSecond = Math.floor(share * single), report = await sendLoad(order({ perSecond }), () => undefined);
    if (!isKeptUp(report, perSecond)) continue;
    yield { bench: 'kafka', metric: 'sustained', value: perSecond, unit: '/s', n: report.answered, work: `${oneByOne}; the highest of ${sharesTried.map((each) => Math.floor(each * single)).join(', ')}/s that was kept up` };
    yield* steadyFigures(report, perSecond, work, 'latency_sustained');
    break;
  }
}

function* steadyFigures(report: LoadReport, perSecond: number, work: string, name: string): Generator<Figure> {
  const trouble = report.failed + report.late === 0 ? '' : `; ${report.failed} failed, ${report.late} without a decision`;
  const kept = isKeptUp(report, perSecond) ? '' : `; NOT kept up: ${Math.round(report.answered / report.seconds)}/s answered`;
  for (const figure of latencyFigures('kafka', report.latenciesMs, `${work}; POST /transactions at ${perSecond}/s, from when it was due to the decision${trouble}${kept}`)) yield { ...figure, metric: figure.metric.replace('latency', name === 'latency' ? `latency_${perSecond}` : name) };
}

function isKeptUp(report: LoadReport, perSecond: number): boolean {
  const sorted = [...report.latenciesMs].sort((a, b) => a - b);
  return report.failed === 0 && report.late === 0 && report.answered / report.seconds >= keptUp.shareMin * perSecond && (sorted[Math.floor(0.99 * sorted.length)] ?? Infinity) < keptUp.p99MsMax;
}

function failOn({ failed, answered }: LoadReport): void {
  if (failed > 0) throw new Error(`${failed} of ${failed + answered} requests failed`);
}

/** CPU time of each service's process so far, µs (user and system). Linux. */
function cpuByService(processes: ServiceProcesses): ReadonlyMap<string, number> {
  return new Map(processes.pids().map(({ name, pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return [name, ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6];
  }));
}

function* cpuFigures(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, decided: number, work: string): Generator<Figure> {
  let sum = 0;
  for (const [name, micros] of after) {
    const spent = (micros - (before.get(name) ?? 0)) / decided;
    sum += spent;
    yield { bench: 'kafka', metric: `cpu_per_item_${name.replace('-', '_')}`, value: round(spent), unit: 'us', n: decided, work };
  }
  yield { bench: 'kafka', metric: 'cpu_per_item', value: round(sum), unit: 'us', n: decided, work: `${work}; all services together, the broker and Redis not counted` };
}
