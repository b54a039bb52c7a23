import { createHmac } from 'node:crypto';
import { WeirError } from '@weir/contracts';

/** Shorter keys are refused, bytes. */
export const tokenKeyBytesMin = 16;
const tokenBytes = 16;
const tokenPattern = /^tok_[A-Za-z0-9_-]{22}$/;

/** True for a text that has the form of a token. */
export const isToken = (text: string): boolean => text.length === 26 && tokenPattern.test(text);

/**
 * Replaces a value by a keyed HMAC-SHA-256, cut to 128 bits: the same value has the same token in every field and table, and without the key nobody can
 * go back or try values. A token stays what it is.
 */
export class Tokeniser {
  readonly #key: Buffer;

  /** @throws WeirError WEIR_USAGE for a key that is too short. */
  constructor(key: Uint8Array) {
    if (key.length < tokenKeyBytesMin) throw new WeirError('WEIR_USAGE', `a key for tokens has at least ${tokenKeyBytesMin} bytes, this one has ${key.length}`);
    this.#key = Buffer.from(key);
  }

  token(value: string): string {
    if (isToken(value)) return value;
    return `tok_${createHmac('sha256', this.#key).update(value, 'utf8').digest().toString('base64url', 0, tokenBytes)}`;
  }
}
