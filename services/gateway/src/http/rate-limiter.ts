/**
 * A token bucket per name: `ratePerSecond` on average, `burst` at once. Holds at most `namesMax` buckets; the one longest untouched goes
 * first, which can only favour a caller.
 */
export class RateLimiter {
  private readonly bucketByName = new Map<string, { tokens: number; atMs: number }>();

  constructor(private readonly limits: { readonly ratePerSecond: number; readonly burst: number; readonly namesMax: number }) {}

  /** 0 when one more may pass; else how many ms until it may. */
  take(name: string, nowMs: number): number {
    const { ratePerSecond, burst } = this.limits;
    const bucket = this.bucketByName.get(name) ?? this.newBucket(name, nowMs);
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * ratePerSecond) / 1_000);
    bucket.atMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.ceil(((1 - bucket.tokens) * 1_000) / ratePerSecond);
  }

  private newBucket(name: string, nowMs: number): { tokens: number; atMs: number } {
    if (this.bucketByName.size >= this.limits.namesMax) {
      const oldest = this.bucketByName.keys().next();
      if (oldest.done !== true) this.bucketByName.delete(oldest.value);
    }
    const bucket = { tokens: this.limits.burst, atMs: nowMs };
    this.bucketByName.set(name, bucket);
    return bucket;
  }
}
