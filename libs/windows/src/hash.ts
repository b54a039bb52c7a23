import type { Value } from '@weir/contracts';

const { imul } = Math;

/**
 * A 53-bit hash of a value, the same on every machine. Different values meet with a chance of n²/2^54 (4·10⁻¹² for 256 values).
 * Numbers hash by value, so 1 and 1.0 are one; text and numbers never meet by being written alike.
 * @source cyrb53 by bryc (public domain).
 */
export function hashValue(value: Exclude<Value, null>): number {
  if (typeof value === 'string') return hashText(value, 0);
  return hashText(String(value), typeof value === 'number' ? 1 : 2);
}

export function hashText(text: string, seed: number): number {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = imul(a ^ code, 2_654_435_761);
    b = imul(b ^ code, 1_597_334_677);
  }
  a = imul(a ^ (a >>> 16), 2_246_822_507) ^ imul(b ^ (b >>> 13), 3_266_489_909);
  b = imul(b ^ (b >>> 16), 2_246_822_507) ^ imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0);
}
