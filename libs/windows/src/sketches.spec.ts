import { ByteReader, ByteWriter } from '@weir/contracts';
import { forSeeds } from '@weir/testkit';
import { DistinctSummary } from './distinct-summary';
import { hashValue } from './hash';
import { QuantileSketch } from './quantile-sketch';
import { ValueCounts } from './value-counts';

const bytesOf = (encode: (writer: ByteWriter) => void): Uint8Array => { const writer = new ByteWriter(); encode(writer); return writer.take(); };

describe('distinct values', () => {
  it('are counted exactly up to 256, however often they come', () => {
    const summary = new DistinctSummary(256);
    for (let i = 0; i < 1_000; i++) summary.add(hashValue(`v${i % 256}`));
    expect(summary.count(256)).toEqual({ count: 256, exact: true });
    expect(summary.count(100).exact).toBe(false);
  });

  it('have a standard error of at most 2 % above', () => {
    for (const size of [300, 3_000, 30_000]) {
      let squares = 0;
      const trials = size > 10_000 ? 6 : 20;
      for (let trial = 0; trial < trials; trial++) {
        const summary = new DistinctSummary(256);
        for (let i = 0; i < size; i++) summary.add(hashValue(`${trial}-${i}`));
        squares += (summary.count(256).count / size - 1) ** 2;
      }
      expect(Math.sqrt(squares / trials)).toBeLessThan(0.02);
    }
  });

  it('are the same bytes in any order, merged or not, and come back from them', () => {
    forSeeds(8, (random) => {
      const hashes = Array.from({ length: random.pick([10, 256, 257, 5_000]) }, () => hashValue(`x${random.int(0, 4_000)}`));
      const one = new DistinctSummary(256);
      for (const hash of hashes) one.add(hash);
      const [left, right] = [new DistinctSummary(256), new DistinctSummary(256)];
      for (const hash of random.shuffle(hashes)) (random.chance(0.3) ? left : right).add(hash);
      left.mergeFrom(right);
      const bytes = bytesOf((writer) => one.encode(writer));
      expect(Buffer.compare(bytesOf((writer) => left.encode(writer)), bytes)).toBe(0);
      const back = DistinctSummary.decode(new ByteReader(bytes), 256);
      expect(back.count(256)).toEqual(one.count(256));
      expect(Buffer.compare(bytesOf((writer) => back.encode(writer)), bytes)).toBe(0);
    });
  });
});

describe('a quantile sketch', () => {
  it('is within 1 % of the value at the rank, of either sign', () => {
    forSeeds(8, (random) => {
      const values = Array.from({ length: 2_000 }, () => random.pick([-1, 1]) * Math.round(10 ** random.between(0, 8)));
      const sketch = new QuantileSketch();
      for (const value of values) sketch.add(value);
      const sorted = Float64Array.from(values).sort();
      for (const percentile of [0, 1, 25, 50, 90, 99, 100]) {
        const rank = (percentile / 100) * (values.length - 1);
        const [low, high] = [sorted[Math.floor(rank)] as number, sorted[Math.ceil(rank)] as number];
        const estimate = sketch.quantile(percentile) as number;
        expect(estimate).toBeGreaterThanOrEqual(Math.min(low * 0.99, low * 1.01) - 1e-9);
        expect(estimate).toBeLessThanOrEqual(Math.max(high * 0.99, high * 1.01) + 1e-9);
      }
    });
  });
});

describe('counts of values', () => {
  it('drop the rest and order ties by value ascending', () => {
    const counts = new ValueCounts();
    for (const value of ['b', 'a', 'c', 'c', 'd']) counts.add(value);
    expect(counts.top(3)).toEqual([['c', 2], ['a', 1], ['b', 1]]);
    expect(counts.approximate).toBe(false);
  });

  it('never lose a frequent value above 1,000 and say that they are approximate', () => {
    forSeeds(2, (random) => {
      const counts = new ValueCounts();
      for (let i = 0; i < 4_000; i++) counts.add(random.chance(0.05) ? 'often' : `rare${random.int(0, 5_000)}`);
      const [value, count] = counts.top(1)[0] ?? ['', 0];
      expect(value).toBe('often');
      expect(count).toBeGreaterThan(150);
      expect(count).toBeLessThan(260);
      expect(counts.approximate).toBe(true);
    });
  });
});
