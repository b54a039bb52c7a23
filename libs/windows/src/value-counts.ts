import type { ByteReader, ByteWriter, Value } from '@weir/contracts';
import { compareValues } from './compare-values';
import { decodeValue, encodeValue } from './value-codec';

type Known = Exclude<Value, null>;
/** Values counted exactly; above it Space-Saving. */
const countedValuesMax = 1_000;

/**
 * How often each value occurs: exact up to 1,000 values, then Space-Saving: the least frequent value (the greatest of them) gives its
 * place and its count to the newcomer, so a count is never too low and too high by at most n/1,000.
 * @source Metwally et al., Efficient Computation of Frequent and Top-k Elements, 2005.
 */
export class ValueCounts {
  private readonly countByValue = new Map<Known, number>();
  private overflowed = false;

  get approximate(): boolean { return this.overflowed; }

  add(value: Known, count = 1): void {
    const known = this.countByValue.get(value);
    if (known !== undefined) this.countByValue.set(value, known + count);
    else if (this.countByValue.size < countedValuesMax) this.countByValue.set(value, count);
    else this.replaceLeast(value, count);
  }

  mergeFrom(other: ValueCounts): void {
    if (other.overflowed) this.overflowed = true;
    for (const [value, count] of other.sorted()) this.add(value, count);
  }

  /** The k most frequent, ties by value ascending. */
  top(k: number): ReadonlyArray<readonly [Known, number]> { return this.sorted().slice(0, k); }

  encode(writer: ByteWriter): void {
    const entries = [...this.countByValue].sort((a, b) => compareValues(a[0], b[0]));
    writer.varint(entries.length * 2 + (this.overflowed ? 1 : 0));
    for (const [value, count] of entries) {
      encodeValue(writer, value);
      writer.varint(count);
    }
  }

  static decode(reader: ByteReader): ValueCounts {
    const counts = new ValueCounts();
    const head = reader.varint();
    for (let i = 0; i < head >> 1; i++) {
      const value = decodeValue(reader);
      const count = reader.varint();
      if (value !== null) counts.countByValue.set(value, count);
    }
    counts.overflowed = (head & 1) === 1;
    return counts;
  }

  private sorted(): Array<readonly [Known, number]> { return sortByCount([...this.countByValue]); }

  private replaceLeast(value: Known, count: number): void {
    this.overflowed = true;
    let least: Known | undefined;
    let leastCount = Infinity;
    for (const [candidate, candidateCount] of this.countByValue) {
      if (candidateCount > leastCount || (candidateCount === leastCount && least !== undefined && compareValues(candidate, least) < 0)) continue;
      least = candidate;
      leastCount = candidateCount;
    }
    if (least !== undefined) this.countByValue.delete(least);
    this.countByValue.set(value, leastCount + count);
  }
}

/** Most frequent first, ties by value ascending; sorts in place. */
export function sortByCount<T extends readonly [Known, number]>(entries: T[]): T[] {
  return entries.sort((a, b) => b[1] - a[1] || compareValues(a[0], b[0]));
}
