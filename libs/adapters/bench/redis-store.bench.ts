/** State in Redis: `node dist/libs/adapters/bench/redis-store.bench.js redis://HOST:PORT`. One JSON line per figure. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { RedisOnlineStore } from '../src/redis';

const valueBytes = 400, values = 100_000, readKeys = 256, reads = 400;
const print = (metric: string, value: number, unit: string, n: number): void => { process.stdout.write(`${JSON.stringify({ bench: 'redis-store', metric, value: Number(value.toPrecision(3)), unit, n })}\n`); };

/** CPU that the server has used, seconds. */
async function serverCpu(redis: Redis): Promise<number> {
  const text = await redis.info('cpu');
  return ['used_cpu_sys', 'used_cpu_user'].reduce((sum, name) => sum + Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1] ?? 0), 0);
}

async function main(): Promise<void> {
  const [url = 'redis://127.0.0.1:6379'] = process.argv.slice(2);
  const store = new RedisOnlineStore({ url, prefix: `bench-${randomBytes(4).toString('hex')}`, commandTimeoutMs: 60_000 }), redis = new Redis(url);
  const value = randomBytes(valueBytes), changes = Array.from({ length: values }, (_, index) => [`feature-store/card_velocity/card/${index}`, value] as const);
  for (const [round, name] of ['new values', 'known values'].entries()) {
    const startedAt = performance.now(), cpu = process.cpuUsage(), server = await serverCpu(redis);
    await store.publish(0, round, changes);
    const { user, system } = process.cpuUsage(cpu);
    print(`publish ${name}`, performance.now() - startedAt, 'ms', values);
    print(`publish ${name}: client cpu_per_item`, (user + system) / values, 'us', values);
    print(`publish ${name}: server cpu_per_item`, ((await serverCpu(redis)) - server) * 1e6 / values, 'us', values);
  }
  const times: number[] = [], cpu = process.cpuUsage(), server = await serverCpu(redis);
  for (let read = 0; read < reads; read += 1) {
    const keys = Array.from({ length: readKeys }, (_, index) => changes[(read * 7_919 + index * 104_729) % values]?.[0] ?? ''), startedAt = performance.now();
    await store.readWithPosition([0], keys);
    times.push(performance.now() - startedAt);
  }
  times.sort((left, right) => left - right);
  const { user, system } = process.cpuUsage(cpu);
  print(`read of ${readKeys} keys latency_p50`, times[reads >> 1] ?? NaN, 'ms', reads);
  print('read: client cpu_per_item', (user + system) / reads / readKeys, 'us', reads * readKeys);
  print('read: server cpu_per_item', ((await serverCpu(redis)) - server) * 1e6 / reads / readKeys, 'us', reads * readKeys);
  await store.clear(0);
  await store.close();
  redis.disconnect();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
