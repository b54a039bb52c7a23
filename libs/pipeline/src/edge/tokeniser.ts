import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { WeirError } from '@weir/contracts';

/** Shorter keys are refused, bytes. */
const tokenKeyBytesMin = 16;
const tokenBytes = 16;
/** Values whose tokens are kept, twice: the half that was not asked for lately goes when the other one is full. */
const cachedTokensMax = 65_536;
/** Longer values are not kept. */
const cachedValueCharactersMax = 64;
const tokenPattern = /^tok_[A-Za-z0-9_-]{22}$/;

/** True for a text that has the form of a token. */
export const isToken = (text: string): boolean => text.length === 26 && tokenPattern.test(text);

/**
 * Replaces a value by a keyed HMAC-SHA-256, cut to 128 bits: the same value has the same token in every field and table, and without the key nobody can
 * go back or try values. A token stays what it is.
 */
export class Tokeniser {
  readonly #key: KeyObject;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** @throws WeirError WEIR_USAGE for a key that is too short. */
  constructor(key: Uint8Array) {
    if (key.length < tokenKeyBytesMin) throw new WeirError('WEIR_USAGE', `a key for tokens has at least ${tokenKeyBytesMin} bytes, this one has ${key.length}`);
    this.#key = createSecretKey(key);
  }

  token(value: string): string {
    const known = this.#young.get(value);
    if (known !== undefined) return known;
    if (isToken(value)) return value;
    const token = this.#old.get(value) ?? `tok_${createHmac('sha256', this.#key).update(value, 'utf8').digest().toString('base64url', 0, tokenBytes)}`;
    if (value.length <= cachedValueCharactersMax) this.#keep(value, token);
    return token;
  }

  /** The same cards come again and again, and a hash costs more than all else at the edge. Kept in memory alone. */
  #keep(value: string, token: string): void {
    if (this.#young.size >= cachedTokensMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(value, token);
  }
}
