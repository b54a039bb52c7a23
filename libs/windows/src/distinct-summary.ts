import type { ByteReader } from './byte-reader';
import type { ByteWriter } from './byte-writer';

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

  constructor(private readonly exactMax: number) {}

  add(hash: number): void {
    if (this.hashes !== null) {
      this.hashes.add(hash);
      if (this.hashes.size > this.exactMax) this.spill();
    } else this.raise(hash);
  }

  mergeFrom(other: DistinctSummary): void {
    if (other.hashes !== null) {
      for (const hash of other.hashes) this.add(hash);
      return;
    }
    if (this.hashes !== null) this.spill();
    const mine = this.registers as Uint8Array;
    const theirs = other.registers as Uint8Array;
    for (let i = 0; i < registerCount; i++) if ((theirs[i] as number) > (mine[i] as number)) mine[i] = theirs[i] as number;
  }

  /** The count, and whether it is exact, i.e. at most `exactUpTo`. */
  count(exactUpTo: number): { readonly count: number; readonly exact: boolean } {
    if (this.hashes !== null && this.hashes.size <= exactUpTo) return { count: this.hashes.size, exact: true };
    return { count: estimate(this.registers ?? registersOf(this.hashes as Set<number>)), exact: false };
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
    summary.hashes = null;
    const registers = new Uint8Array(registerCount);
    let at = 0;
    for (let entry = reader.varint(); entry !== 0; entry = reader.varint()) {
      at += Math.floor(entry / 64);
      registers[at++] = entry % 64;
    }
    summary.registers = registers;
    return summary;
  }

  private spill(): void {
    this.registers = registersOf(this.hashes as Set<number>);
    this.hashes = null;
  }

  private raise(hash: number): void { raiseRegister(this.registers as Uint8Array, hash); }
}

/** Estimated count of the distinct hashes, the same as that of any summary of them. */
export function estimateDistinct(hashes: Iterable<number>): number {
  return estimate(registersOf(hashes));
}

function registersOf(hashes: Iterable<number>): Uint8Array {
  const registers = new Uint8Array(registerCount);
  for (const hash of hashes) raiseRegister(registers, hash);
  return registers;
}

function raiseRegister(registers: Uint8Array, hash: number): void {
  const index = hash % registerCount;
  const rest = Math.floor(hash / registerCount); // 41 bits
  const high = Math.floor(rest / 4_294_967_296); // 9 bits
  const low = rest >>> 0;
  const rank = high !== 0 ? Math.clz32(high) - 23 + 1 : Math.clz32(low) + 9 + 1;
  if (rank > (registers[index] as number)) registers[index] = rank;
}

function estimate(registers: Uint8Array): number {
  let sum = 0;
  let zeros = 0;
  for (const register of registers) {
    sum += 2 ** -register;
    if (register === 0) zeros++;
  }
  const raw = ((0.7213 / (1 + 1.079 / registerCount)) * registerCount * registerCount) / sum;
  if (raw <= 2.5 * registerCount && zeros > 0) return Math.round(registerCount * Math.log(registerCount / zeros));
  return Math.round(raw);
}
