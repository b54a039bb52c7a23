import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { serversScript } from '@weir/adapters/testing-servers';
import { say } from '../terminal';
import { round, type Figure } from './figures';

const run = promisify(execFile);
const recordBytes = 400;

/** What the broker's own tools and redis-benchmark reach on the same servers: the limits that five services are held against. A tool that is not to be had is named and left out. */
export async function* serverLimits(servers: { readonly kafka: string; readonly redis: string }, quick: boolean): AsyncGenerator<Figure> {
  const records = quick ? 100_000 : 1_000_000, probes = quick ? 1_000 : 5_000, topic = `perf-${process.pid}`;
  yield* attempted('kafka-producer-perf-test', async () => {
    await tool('TopicCommand', ['--bootstrap-server', servers.kafka, '--create', '--topic', topic, '--partitions', '1', '--replication-factor', '1']);
    const lines = await tool('ProducerPerformance', ['--topic', topic, '--num-records', String(records), '--record-size', String(recordBytes), '--throughput', '-1', '--producer-props', `bootstrap.servers=${servers.kafka}`, 'acks=all']);
    const work = `kafka-producer-perf-test: ${recordBytes} B, acks=all, one partition`, last = lines.at(-1) ?? '';
    const latency = (at: string): number => Number(new RegExp(`([\\d.]+) ms ${at}`).exec(last)?.[1] ?? Number.NaN);
    return [figure('broker_produce', Number(/([\d.]+) records\/sec/.exec(last)?.[1]), '/s', records, work), figure('broker_produce_p99', latency('99th'), 'ms', records, work)];
  });
  yield* attempted('kafka-consumer-perf-test', async () => {
    const lines = await tool('ConsumerPerformance', ['--bootstrap-server', servers.kafka, '--topic', topic, '--num-records', String(records), '--timeout', '60000']);
    // The figures are a line of their own below a line of names, separated by commas.
    const names = lines.find((line) => line.includes('MB.sec'))?.split(',').map((name) => name.trim()) ?? [], values = lines.at(-1)?.split(',') ?? [];
    return [figure('broker_consume', Number(values[names.findIndex((name) => /^nMsg\.sec$|^fetch\.nMsg\.sec$/.test(name))]), '/s', records, `kafka-consumer-perf-test: ${recordBytes} B`)];
  });
  yield* attempted('kafka-e2e-latency', async () => {
    const lines = await tool('EndToEndLatency', [servers.kafka, topic, String(probes), 'all', String(recordBytes)]);
    const found = /50th = ([\d.]+), 99th = ([\d.]+), 99\.9th = ([\d.]+)/.exec(lines.join(' ')), work = `kafka-e2e-latency: ${recordBytes} B, acks=all, one record after the other`;
    return (['p50', 'p99', 'p999'] as const).map((at, index) => figure(`broker_end_to_end_${at}`, Number(found?.[index + 1]), 'ms', probes, work));
  });
  yield* attempted('redis-benchmark', async () => {
    const { hostname, port } = new URL(`tcp://${servers.redis}`);
    const { stdout } = await run('redis-benchmark', ['-h', hostname, '-p', port, '-n', String(quick ? 100_000 : 500_000), '-r', '100000', '-d', String(recordBytes), '-c', '20', '-P', '16', '-t', 'set,get', '--csv']);
    return stdout.split('\n').map((line) => line.split(',').map((cell) => cell.replaceAll('"', ''))).filter(([name]) => name === 'SET' || name === 'GET')
      .map(([name, perSecond]) => figure(`redis_${String(name).toLowerCase()}`, Number(perSecond), '/s', quick ? 100_000 : 500_000, `redis-benchmark: ${recordBytes} B, 16 pipelined, 20 connections`));
  });
}

const figure = (metric: string, value: number, unit: string, n: number, work: string): Figure => ({ bench: 'kafka', metric, value: round(value), unit, n, work });

async function* attempted(name: string, work: () => Promise<readonly Figure[]>): AsyncGenerator<Figure> {
  try {
    yield* await work();
  } catch (error) {
    say(`${name} gave no figures: ${(error instanceof Error ? error.message : String(error)).slice(0, 300)}`);
  }
}

async function tool(name: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, [serversScript, 'kafka-tool', `org.apache.kafka.tools.${name}`, ...args], { maxBuffer: 1 << 24 });
  return stdout.trim().split('\n');
}
