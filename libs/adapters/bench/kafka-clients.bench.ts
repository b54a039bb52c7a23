/**
 * Both clients behind the port, end to end: `node dist/libs/adapters/bench/kafka-clients.bench.js HOST:PORT [records]`. One JSON line per figure. Nothing else
 * should use the broker meanwhile.
 */
import { randomBytes } from 'node:crypto';
import type { NewRecord } from '@weir/ports';
import { KafkaJsEventLog } from '../src/kafkajs';
import { PlatformaticEventLog } from '../src/kafka';
import type { Compression, KafkaEventLog, KafkaOptions } from '../src/kafka-common';

const valueBytes = 400, batchRecords = 1_000, appendsUnderWay = 4, lowRatePerSecond = 200, lowRateSeconds = 5, warmBatches = 40, fencedAppends = 100;
const clients: ReadonlyArray<readonly [name: string, open: (options: KafkaOptions) => KafkaEventLog]> = [
  ['platformatic', (options) => new PlatformaticEventLog(options)], ['kafkajs', (options) => new KafkaJsEventLog(options)],
];

const cpuUs = (): number => { const { user, system } = process.cpuUsage(); return user + system; };
const percentile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
const print = (bench: string, metric: string, value: number, unit: string, n: number): void => { process.stdout.write(`${JSON.stringify({ bench, metric, value: Number(value.toPrecision(4)), unit, n })}\n`); };

function records(count: number): readonly NewRecord[] {
  const value = Buffer.from(JSON.stringify({ transaction_id: randomBytes(8).toString('hex'), filler: randomBytes(valueBytes).toString('base64').slice(0, valueBytes - 60) }));
  return Array.from({ length: count }, () => ({ key: null, headers: { 'weir-source': 'transactions' }, value }));
}

async function throughput(name: string, log: KafkaEventLog, count: number): Promise<void> {
  const batch = records(batchRecords), batches = count / batchRecords;
  for (let warm = 0; warm < warmBatches; warm += 1) await log.append('transactions.raw', 0, batch);
  for (let at = 0; at < warmBatches * batchRecords;) at += (await log.read('transactions.raw', 0, at, 2_048)).length;
  let startedAt = performance.now(), cpu = cpuUs(), next = 0;
  await Promise.all(Array.from({ length: appendsUnderWay }, async () => { while (next++ < batches) await log.append('transactions.raw', 0, batch); }));
  print(`append ${name}`, 'throughput', count / ((performance.now() - startedAt) / 1000), '/s', count);
  print(`append ${name}`, 'cpu_per_item', (cpuUs() - cpu) / count, 'us', count);
  startedAt = performance.now();
  cpu = cpuUs();
  const from = warmBatches * batchRecords;
  let at = from;
  while (at < from + count) at += (await log.read('transactions.raw', 0, at, 2_048)).length;
  print(`read ${name}`, 'throughput', count / ((performance.now() - startedAt) / 1000), '/s', count);
  print(`read ${name}`, 'cpu_per_item', (cpuUs() - cpu) / count, 'us', count);
}

/** Single records at a low rate: how long an append takes, and how long until a waiting reader has it. */
async function latency(name: string, log: KafkaEventLog): Promise<void> {
  const [record] = records(1) as readonly [NewRecord];
  const count = lowRatePerSecond * lowRateSeconds, sentAt: number[] = [], appendMs: number[] = [], readMs: number[] = [];
  let { next } = await log.bounds('transactions.raw', 1);
  const reading = (async () => {
    while (readMs.length < count) {
      const read = await log.read('transactions.raw', 1, next, 100);
      for (const each of read) readMs.push(performance.now() - (sentAt[each.offset] ?? NaN));
      next += read.length;
      if (read.length === 0) await log.wait('transactions.raw', 1, next, 200);
    }
  })();
  for (let number = 0; number < count; number += 1) {
    const startedAt = (sentAt[number] = performance.now());
    void log.append('transactions.raw', 1, [record]).then(() => appendMs.push(performance.now() - startedAt));
    await new Promise((resolve) => { setTimeout(resolve, 1000 / lowRatePerSecond); });
  }
  await reading;
  for (const [what, times] of [['append', appendMs], ['append to read', readMs]] as const) {
    const sorted = [...times].sort((left, right) => left - right);
    for (const [metric, share] of [['latency_p50', 0.5], ['latency_p99', 0.99]] as const) print(`${what} at ${lowRatePerSecond}/s ${name}`, metric, percentile(sorted, share), 'ms', count);
  }
}

async function fenced(name: string, log: KafkaEventLog): Promise<void> {
  const batch = records(100), times: number[] = [];
  for (let number = 0; number < fencedAppends; number += 1) {
    const startedAt = performance.now();
    await log.append('decisions', 0, batch);
    times.push(performance.now() - startedAt);
  }
  times.sort((left, right) => left - right);
  print(`fenced append of 100 ${name}`, 'latency_p50', percentile(times, 0.5), 'ms', fencedAppends);
  print(`fenced append of 100 ${name}`, 'latency_p99', percentile(times, 0.99), 'ms', fencedAppends);
}

async function main(): Promise<void> {
  const [broker = '127.0.0.1:9092', count = '300000'] = process.argv.slice(2);
  for (const [name, open] of clients) {
    for (const compression of ['none', 'zstd'] satisfies readonly Compression[]) {
      const log = open({ brokers: [broker], lanes: 2, prefix: `bench-${randomBytes(4).toString('hex')}.`, compression });
      const title = compression === 'none' ? name : `${name} ${compression}`;
      await throughput(title, log, Number(count));
      if (compression === 'none') {
        await latency(title, log);
        await fenced(title, log);
      }
      await log.close();
    }
  }
  print('process', 'rss', process.memoryUsage().rss / 2 ** 20, 'MB', 1);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
