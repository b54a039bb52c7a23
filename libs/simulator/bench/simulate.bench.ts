import { simulate } from '../src';

/** How fast transactions are made, customers and terminals included, one core. */
export async function* run(quick: boolean): AsyncIterable<{ bench: 'simulate'; metric: string; value: number; unit: string; n: number; work: string }> {
  const options = { days: quick ? 10 : 60, customers: 10_000, terminals: 2_000, seed: 1 };
  const before = process.cpuUsage();
  const startedAt = process.hrtime.bigint();
  let n = 0;
  for (const { event } of simulate(options)) n += event.amount > 0 ? 1 : 0;
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const cpu = process.cpuUsage(before);
  const work = `${options.days} days, ${options.customers} customers, ${options.terminals} terminals`;
  yield { bench: 'simulate', metric: 'throughput', value: n / seconds, unit: '/s', n, work };
  yield { bench: 'simulate', metric: 'cpu_per_item', value: (cpu.user + cpu.system) / n, unit: 'us', n, work };
}
