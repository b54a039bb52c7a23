import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { apiKeyPrefix } from '@weir/platform';
import type { Keys, StoredKey } from '../dependencies';
import type { Principal } from '../roles';

/** SHA-256 is enough for a key of 256 random bits: there is nothing to guess that a slow hash would guard. */
export const hashApiKey = (key: string): string => hash('sha256', key, 'hex');

/** A new key of 256 random bits, and the hash under which it is kept. */
export function newApiKey(): { readonly key: string; readonly hash: string } {
  const key = `${apiKeyPrefix}${randomBytes(32).toString('base64url')}`;
  return { key, hash: hashApiKey(key) };
}

interface Remembered { readonly principal: Principal | undefined; readonly untilMs: number }

/**
 * Who a key belongs to. What the store said is remembered for `rememberMs`, of unknown keys for `rememberUnknownMs`, so that a flood of wrong keys does not reach
 * the store; a key revoked in another process stops working within that time, one revoked here at once.
 */
export class KeyRing {
  private readonly rememberedByHash = new Map<string, Remembered>();

  constructor(private readonly keys: Keys) {}

  /** What is remembered, without waiting; `unasked` when the store has to be asked. */
  recall(keyHash: string, nowMs: number): Principal | undefined | 'unasked' {
    const known = this.rememberedByHash.get(keyHash);
    return known === undefined || known.untilMs <= nowMs ? 'unasked' : known.principal;
  }

  async ask(keyHash: string, nowMs: number): Promise<Principal | undefined> {
    const stored = await this.keys.findByHash(keyHash);
    const principal = stored !== undefined && isFor(stored, keyHash) ? { keyId: stored.id, name: stored.name, roles: stored.roles } : undefined;
    if (this.rememberedByHash.size >= rememberedMax) this.rememberedByHash.clear();
    this.rememberedByHash.set(keyHash, { principal, untilMs: nowMs + (principal === undefined ? rememberUnknownMs : rememberMs) });
    return principal;
  }

  forget(): void {
    this.rememberedByHash.clear();
  }
}

const rememberedMax = 10_000;
const rememberMs = 5_000;
/** Short, for a key may be made the moment after it was first tried. */
const rememberUnknownMs = 1_000;

function isFor(stored: StoredKey, keyHash: string): boolean {
  const [kept, given] = [Buffer.from(stored.hash), Buffer.from(keyHash)];
  return stored.revokedAtMs === null && kept.length === given.length && timingSafeEqual(kept, given);
}
