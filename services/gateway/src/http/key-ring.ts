import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { apiKeyPrefix } from '@weir/platform';
import type { Keys, StoredKey } from '../dependencies/operations';
import type { Principal } from '../roles';

/** SHA-256 is enough for a key of 256 random bits: there is nothing to guess that a slow hash would guard. */
export const hashApiKey = (key: string): string => hash('sha256', key, 'hex');

/** A new key of 256 random bits, and the hash under which it is kept. */
export function newApiKey(): { readonly key: string; readonly hash: string } {
  const key = `${apiKeyPrefix}${randomBytes(32).toString('base64url')}`;
  return { key, hash: hashApiKey(key) };
}

interface Remembered { readonly principal: Principal | undefined; readonly untilMs: number; /** When the store said so. */ readonly saidMs: number }

/**
 * Who a key belongs to. What the store said is remembered for `rememberMs`, of unknown keys for `rememberUnknownMs`, so that a flood of wrong keys does not reach
 * the store; a key revoked in another process stops working within that time, one revoked here at once. While the store can't be asked, a key that it knew lately goes on
 * being good for `unaskedMs`: decisions do not wait for the registry.
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
    let stored: StoredKey | undefined;
    try {
      stored = await this.keys.findByHash(keyHash);
    } catch (error) {
      const known = this.rememberedByHash.get(keyHash);
      if (known?.principal === undefined || nowMs - known.saidMs > unaskedMs) throw error;
      this.remember(keyHash, { ...known, untilMs: nowMs + askAgainMs });
      return known.principal;
    }
    const principal = stored !== undefined && isFor(stored, keyHash) ? { keyId: stored.id, name: stored.name, roles: stored.roles } : undefined;
    this.remember(keyHash, { principal, untilMs: nowMs + (principal === undefined ? rememberUnknownMs : rememberMs), saidMs: nowMs });
    return principal;
  }

  private remember(keyHash: string, remembered: Remembered): void {
    if (this.rememberedByHash.size >= rememberedMax && !this.rememberedByHash.has(keyHash)) this.rememberedByHash.clear();
    this.rememberedByHash.set(keyHash, remembered);
  }

  forget(): void {
    this.rememberedByHash.clear();
  }
}

const rememberedMax = 10_000;
const rememberMs = 5_000;
/** How long a key that the store knew is good while the store can't be asked, and how often it is asked meanwhile. */
const unaskedMs = 600_000, askAgainMs = 1_000;
/** Short, for a key may be made the moment after it was first tried. */
const rememberUnknownMs = 1_000;

function isFor(stored: StoredKey, keyHash: string): boolean {
  const [kept, given] = [Buffer.from(stored.hash), Buffer.from(keyHash)];
  return stored.revokedAtMs === null && kept.length === given.length && timingSafeEqual(kept, given);
}
