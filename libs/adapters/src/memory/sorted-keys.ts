import { Buffer } from 'node:buffer';

/** Order of keys as UTF-8 bytes; a comparison of UTF-16 units differs from it only where surrogates are. */
export function compareUtf8(left: string, right: string): number {
  if (left === right) return 0;
  const surrogates = /[\ud800-\uffff]/;
  if (surrogates.test(left) || surrogates.test(right)) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left < right ? -1 : 1;
}
