/** Upper bounds of the buckets, ms: each a fifth above the one before, from 0.05 ms to about half an hour. */
const bucketsMax = 96;
const upperBoundMs = Float64Array.from({ length: bucketsMax }, (_, index) => 0.05 * 1.2 ** index);

/** Counts latencies and tells quantiles, to within a fifth; a fixed number of counters however many are counted. */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(bucketsMax);
  private total = 0;

  add(latencyMs: number): void {
    const bucket = latencyMs <= 0.05 ? 0 : Math.min(bucketsMax - 1, Math.ceil(Math.log(latencyMs / 0.05) / Math.log(1.2)));
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.total++;
  }

  /** ms; null when nothing was counted. */
  quantile(fraction: number): number | null {
    if (this.total === 0) return null;
    const rank = Math.ceil(fraction * this.total);
    let seen = 0;
    for (let bucket = 0; bucket < bucketsMax; bucket++) {
      seen += this.counts[bucket] as number;
      if (seen >= rank) return Math.round((upperBoundMs[bucket] as number) * 1_000) / 1_000;
    }
    return upperBoundMs[bucketsMax - 1] ?? null;
  }

  clear(): void {
    this.counts.fill(0);
    this.total = 0;
  }
}
