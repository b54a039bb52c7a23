/** Words of an id's hash. */
export const hashWords = 3;

/**
 * 96-bit hash of an id, into `out`: three lanes of rotate, xor and multiply over the UTF-16 units, each ended by the finaliser of MurmurHash3.
 * Two of 10^8 ids share one with a probability of about 10^-13. Not cryptographic: someone who chooses ids could make two of their own meet.
 */
export function hashId(text: string, out: Uint32Array): void {
  let first = 0x9e3779b9 ^ text.length, second = 0x85ebca77 ^ text.length, third = 0xc2b2ae3d ^ text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    first = Math.imul(((first << 5) | (first >>> 27)) ^ unit, 0x9e3779b1);
    second = Math.imul(((second << 13) | (second >>> 19)) ^ unit, 0x5f356495);
    third = Math.imul(((third << 9) | (third >>> 23)) ^ unit, 0x27d4eb2f);
  }
  out[0] = finish(first);
  out[1] = finish(second ^ first);
  out[2] = finish(third ^ second);
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
