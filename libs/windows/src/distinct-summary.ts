import type { ByteReader, ByteWriter } from '@weir/contracts';

const { clz32, floor } = Math;
/** Registers of 2^12: a standard error of 1.04/√4096 = 1.6 %. */
const indexBits = 12;
const registerCount = 1 << indexBits;
/** Hashes kept one by one before registers take over, where no aggregate asks for more. */
export const exactHashesMin = 256;

/**
 * Distinct values of which a window can be made: up to `exactMax` hashes exactly, then HyperLogLog registers. Mergeable; the same values give
 * the same registers whatever the order.
 * @source Flajolet et al., HyperLogLog, 2007, with linear counting below 2.5 m; the 53-bit hash needs no correction for large counts.
 */
export class DistinctSummary {
  private hashes: Set<number> | null = new Set();
  private registers: Uint8Array | null = null;
  /** Of the registers: Σ 2^-register and how many are zero. Exact, so that no order matters. */
  private weight = registerCount;
  private zeros = registerCount;

  constructor(private readonly exactMax: number) {}

  add(hash: number): void {
    if (this.hashes === null) { this.raise(hash); return; }
    this.hashes.add(hash);
    if (this.hashes.size > this.exactMax) this.spill();
  }

  mergeFrom(other: DistinctSummary): void {
    if (other.hashes !== null) {
      for (const hash of other.hashes) this.add(hash);
      return;
    }
    if (this.hashes !== null) this.spill();
    const mine = this.registers as Uint8Array;
    const theirs = other.registers as Uint8Array;
    for (let i = 0; i < registerCount; i++) if ((theirs[i] as number) > (mine[i] as number)) this.setRegister(i, theirs[i] as number);
  }

  /** The count, and whether it is exact, i.e. at most `exactUpTo`. */
  count(exactUpTo: number): DistinctCount { return this.countWith(noHashes, 0, exactUpTo); }

  /** The count with more hashes (each once), without adding them. */
  countWith(more: Float64Array, moreCount: number, exactUpTo: number): DistinctCount {
    if (this.hashes !== null) {
      let count = this.hashes.size;
      for (let i = 0; i < moreCount; i++) if (!this.hashes.has(more[i] as number)) count++;
      if (count <= exactUpTo) return { count, exact: true };
    }
    const overlay = new Overlay(this.registers);
    let { weight, zeros } = this;
    const raise = (hash: number): void => {
      const index = hash % registerCount;
      const before = overlay.get(index);
      const rank = rankOf(hash);
      if (rank <= before) return;
      overlay.set(index, rank);
      weight += 2 ** -rank - 2 ** -before;
      if (before === 0) zeros--;
    };
    if (this.hashes !== null) for (const hash of this.hashes) raise(hash);
    for (let i = 0; i < moreCount; i++) raise(more[i] as number);
    overlay.clear();
    return { count: estimate(weight, zeros), exact: false };
  }

  encode(writer: ByteWriter): void {
    if (this.hashes !== null) {
      const sorted = Float64Array.from(this.hashes).sort();
      writer.varint(sorted.length);
      let last = 0;
      for (const hash of sorted) { writer.varint(hash - last); last = hash; }
      return;
    }
    writer.varint(this.exactMax + 1);
    const registers = this.registers as Uint8Array;
    let gap = 0;
    for (const register of registers) {
      if (register === 0) { gap++; continue; }
      writer.varint(gap * 64 + register);
      gap = 0;
    }
    writer.varint(0);
  }

  static decode(reader: ByteReader, exactMax: number): DistinctSummary {
    const summary = new DistinctSummary(exactMax);
    const count = reader.varint();
    if (count <= exactMax) {
      let last = 0;
      for (let i = 0; i < count; i++) { last += reader.varint(); summary.add(last); }
      return summary;
    }
    summary.spill();
    let at = 0;
    for (let entry = reader.varint(); entry !== 0; entry = reader.varint()) {
      at += floor(entry / 64);
      summary.setRegister(at++, entry % 64);
    }
    return summary;
  }

  private spill(): void {
    const hashes = this.hashes ?? [];
    this.hashes = null;
    this.registers = new Uint8Array(registerCount);
    for (const hash of hashes) this.raise(hash);
  }

  private raise(hash: number): void {
    const index = hash % registerCount;
    const rank = rankOf(hash);
    if (rank > ((this.registers as Uint8Array)[index] as number)) this.setRegister(index, rank);
  }

  private setRegister(index: number, rank: number): void {
    const registers = this.registers as Uint8Array;
    const before = registers[index] as number;
    this.weight += 2 ** -rank - 2 ** -before;
    if (before === 0) this.zeros--;
    registers[index] = rank;
  }
}

export interface DistinctCount { readonly count: number; readonly exact: boolean }

const noHashes = new Float64Array(0);
const scratch = new Uint8Array(registerCount);

/** Registers with some of them raised for the time of one estimate. */
class Overlay {
  private readonly touched: number[] = [];
  constructor(private readonly below: Uint8Array | null) {}
  get(index: number): number { return (scratch[index] as number) || (this.below === null ? 0 : (this.below[index] as number)); }
  set(index: number, rank: number): void {
    if (scratch[index] === 0) this.touched.push(index);
    scratch[index] = rank;
  }
  clear(): void { for (const index of this.touched) scratch[index] = 0; }
}

/** Position of the first set bit of a hash's upper 41 bits, from 1; at most 40, so that sums of 2^-rank are exact doubles. */
function rankOf(hash: number): number {
  const rest = floor(hash / registerCount);
  const high = floor(rest / 4_294_967_296); // 9 bits
  const rank = high !== 0 ? clz32(high) - 22 : clz32(rest >>> 0) + 10;
  return rank > rankMax ? rankMax : rank;
}
const rankMax = 40;

function estimate(weight: number, zeros: number): number {
  const raw = ((0.7213 / (1 + 1.079 / registerCount)) * registerCount * registerCount) / weight;
  if (raw <= 2.5 * registerCount && zeros > 0) return Math.round(registerCount * Math.log(registerCount / zeros));
  return Math.round(raw);
}
