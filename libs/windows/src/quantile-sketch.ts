import type { ByteReader, ByteWriter } from '@weir/contracts';

/** Relative error of a quantile. */
const sketchRelativeError = 0.01;
const gamma = (1 + sketchRelativeError) / (1 - sketchRelativeError);
const logGamma = Math.log(gamma);
/** Values nearer to zero than this count as zero. */
const smallest = 1e-9;

const placesMin = 16;

/**
 * Quantiles with a relative error of 1 %: counts by logarithmic bucket, so merging is addition and no order matters.
 * @source DDSketch, Masson et al., 2019; buckets are not collapsed: doubles span at most 2 · 35,000 of them, money 1,300.
 */
export class QuantileSketch {
  /** Ascending; a count may be 0 where values were taken back. */
  private buckets = new Int32Array(placesMin);
  private counts = new Float64Array(placesMin);
  private size = 0;
  private total = 0;

  add(value: number): void { this.addCount(bucketOf(value), 1); }

  /** Takes back one `add` of the value. */
  subtract(value: number): void { this.addCount(bucketOf(value), -1); }

  mergeFrom(other: QuantileSketch): void {
    for (let place = 0; place < other.size; place++) this.addCount(other.buckets[place] as number, other.counts[place] as number);
  }

  /** The value at `percentile` (0–100), interpolated between closest ranks, of this sketch and another together; null when both are empty. */
  quantile(percentile: number, more: QuantileSketch = nothing): number | null {
    const total = this.total + more.total;
    if (total === 0) return null;
    const rank = (percentile / 100) * (total - 1);
    const below = Math.floor(rank);
    const low = this.bucketAtRank(more, below);
    if (below === rank) return bucketValue(low);
    return bucketValue(low) + (bucketValue(this.bucketAtRank(more, below + 1)) - bucketValue(low)) * (rank - below);
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.size);
    let last = 0;
    for (let place = 0; place < this.size; place++) {
      const bucket = this.buckets[place] as number;
      writer.signed(bucket - last);
      writer.varint(this.counts[place] as number);
      last = bucket;
    }
  }

  static decode(reader: ByteReader): QuantileSketch {
    const sketch = new QuantileSketch();
    const length = reader.varint();
    let bucket = 0;
    for (let i = 0; i < length; i++) {
      bucket += reader.signed();
      sketch.addCount(bucket, reader.varint());
    }
    return sketch;
  }

  private addCount(bucket: number, count: number): void {
    this.total += count;
    const place = this.placeOf(bucket);
    if (place === this.size || this.buckets[place] !== bucket) this.open(place, bucket);
    this.counts[place] = (this.counts[place] as number) + count;
  }

  /** Where the bucket is, or belongs. */
  private placeOf(bucket: number): number {
    const { buckets } = this;
    let low = 0, high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((buckets[middle] as number) < bucket) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private open(place: number, bucket: number): void {
    if (this.size === this.buckets.length) {
      const buckets = new Int32Array(2 * this.size), counts = new Float64Array(2 * this.size);
      buckets.set(this.buckets);
      counts.set(this.counts);
      this.buckets = buckets;
      this.counts = counts;
    }
    this.buckets.copyWithin(place + 1, place, this.size);
    this.counts.copyWithin(place + 1, place, this.size);
    this.buckets[place] = bucket;
    this.counts[place] = 0;
    this.size++;
  }

  /** Both sketches are walked side by side, from whichever end is nearer. */
  private bucketAtRank(more: QuantileSketch, rank: number): number {
    const total = this.total + more.total;
    return rank < total / 2 ? this.bucketFromLeast(more, rank) : this.bucketFromGreatest(more, total - 1 - rank);
  }

  private bucketFromLeast(more: QuantileSketch, rank: number): number {
    let mine = 0, theirs = 0, seen = 0;
    for (;;) {
      const bucket = Math.min(mine < this.size ? (this.buckets[mine] as number) : none, theirs < more.size ? (more.buckets[theirs] as number) : none);
      if (mine < this.size && this.buckets[mine] === bucket) seen += this.counts[mine++] as number;
      if (theirs < more.size && more.buckets[theirs] === bucket) seen += more.counts[theirs++] as number;
      if (seen > rank || bucket === none) return bucket;
    }
  }

  private bucketFromGreatest(more: QuantileSketch, rank: number): number {
    let mine = this.size - 1, theirs = more.size - 1, seen = 0;
    for (;;) {
      const bucket = Math.max(mine >= 0 ? (this.buckets[mine] as number) : -none, theirs >= 0 ? (more.buckets[theirs] as number) : -none);
      if (mine >= 0 && this.buckets[mine] === bucket) seen += this.counts[mine--] as number;
      if (theirs >= 0 && more.buckets[theirs] === bucket) seen += more.counts[theirs--] as number;
      if (seen > rank || bucket === -none) return bucket;
    }
  }
}

/** Beyond every bucket. */
const none = 0x7fffffff;
const nothing = new QuantileSketch();

/** Buckets of positive values lie above `bucketOffset`, of negative ones below its negative, zero is 0. */
const bucketOffset = 40_000;

function bucketOf(value: number): number {
  if (value > smallest) return bucketOffset + Math.ceil(Math.log(value) / logGamma);
  if (value < -smallest) return -bucketOffset - Math.ceil(Math.log(-value) / logGamma);
  return 0;
}

function bucketValue(bucket: number): number {
  if (bucket === 0) return 0;
  const exponent = (bucket > 0 ? bucket : -bucket) - bucketOffset;
  const value = (2 * Math.exp(exponent * logGamma)) / (gamma + 1);
  return bucket > 0 ? value : -value;
}
