import type { ModelAnswered } from '@weir/scoring';

/** How a version of a model did on a batch. */
export type ModelNote = Pick<ModelAnswered, 'rows' | 'failed' | 'unanswered' | 'tookMs'> & { readonly model: { readonly name: string; readonly version: number } };

/** What a version of a model did in the last minute. */
export interface ModelFigures {
  readonly name: string;
  readonly version: number;
  readonly calls: number;
  readonly rows: number;
  /** Rows with no answer: failed, too late, or NaN. */
  readonly errors: number;
  readonly errorRate: number;
  /** Of a batch, for 64 rows where it has more, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const windowMs = 60_000, bucketMs = 2_000;
/** Times of calls kept of a bucket; more than that say no more. */
const timesPerBucketMax = 500;
/** A large batch takes its time; a model is slow when so many rows take long. */
const rowsPerTime = 64;
/** Versions of models that are counted. */
const versionsMax = 32;

interface Bucket { readonly startMs: number; calls: number; rows: number; errors: number; readonly times: number[] }

/** Counts how each version of each model did over the last minute. */
export class ModelMeter {
  private readonly byVersion = new Map<string, { readonly name: string; readonly version: number; buckets: Bucket[] }>();

  constructor(private readonly nowMs: () => number) {}

  note({ model, rows, failed, unanswered, tookMs }: ModelNote): void {
    const bucket = this.bucket(model);
    bucket.calls += 1;
    bucket.rows += rows;
    bucket.errors += failed + unanswered;
    if (bucket.times.length < timesPerBucketMax) bucket.times.push(tookMs / Math.max(1, rows / rowsPerTime));
  }

  figures(): ModelFigures[] {
    const fromMs = this.nowMs() - windowMs;
    return [...this.byVersion.values()].map(({ name, version, buckets }) => {
      const recent = buckets.filter(({ startMs }) => startMs > fromMs);
      const sum = (of: (bucket: Bucket) => number): number => recent.reduce((total, bucket) => total + of(bucket), 0);
      const times = recent.flatMap((bucket) => bucket.times).sort((a, b) => a - b);
      const rows = sum((bucket) => bucket.rows), errors = sum((bucket) => bucket.errors);
      return { name, version, calls: sum((bucket) => bucket.calls), rows, errors, errorRate: rows === 0 ? 0 : errors / rows, p50Ms: rank(times, 0.5), p99Ms: rank(times, 0.99) };
    });
  }

  private bucket({ name, version }: { readonly name: string; readonly version: number }): Bucket {
    const key = `${name} ${version}`, nowMs = this.nowMs();
    let of = this.byVersion.get(key);
    if (of === undefined) {
      for (const oldest of this.byVersion.keys()) if (this.byVersion.size >= versionsMax) this.byVersion.delete(oldest);
      this.byVersion.set(key, (of = { name, version, buckets: [] }));
    }
    const last = of.buckets.at(-1);
    if (last !== undefined && nowMs - last.startMs < bucketMs) return last;
    const made: Bucket = { startMs: nowMs, calls: 0, rows: 0, errors: 0, times: [] };
    of.buckets = [...of.buckets.filter(({ startMs }) => startMs > nowMs - windowMs), made];
    return made;
  }
}

/** The nearest rank. */
const rank = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
