/** One figure of a benchmark, printed as a JSON line. */
export interface Figure { readonly bench: string; readonly metric: string; readonly value: number; readonly unit: string; /** How many items it was measured over. */ readonly n: number; /** What was done, in words. */ readonly work: string }

/** Percentiles of latencies in ms, as figures. Sorts in place. */
export function latencyFigures(bench: string, latenciesMs: number[], work: string): Figure[] {
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number): number => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(share * latenciesMs.length))] ?? 0;
  return ([['latency_p50', 0.5], ['latency_p95', 0.95], ['latency_p99', 0.99], ['latency_p999', 0.999]] as const)
    .map(([metric, share]) => ({ bench, metric, value: round(at(share)), unit: 'ms', n: latenciesMs.length, work }));
}

/** CPU time of the process (all threads), µs. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU time of this thread alone, µs; undefined where Node cannot tell. */
export function threadCpuMicros(): number | undefined {
  if (!('threadCpuUsage' in process)) return undefined;
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

export const rssMb = (): number => round(process.memoryUsage().rss / 2 ** 20);
export const round = (value: number): number => Number(value.toPrecision(4));
