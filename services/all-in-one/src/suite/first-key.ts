import { hashApiKey, newApiKey } from '@weir/gateway';
import type { Registry } from '@weir/ports';

/** `WEIR_API_KEY` where it is given, else one made at the first start. */
export async function firstKey(registry: Registry): Promise<{ readonly key: string | undefined; readonly made: boolean }> {
  const given = process.env['WEIR_API_KEY'];
  const nowMs = Date.now();
  if (given !== undefined && given !== '') {
    if ((await registry.keyBySecretHash(hashApiKey(given))) === undefined) {
      await registry.addKey({ id: `k-${hashApiKey(given).slice(0, 8)}`, name: 'given at start', secretHash: hashApiKey(given), roles: ['read', 'decide', 'edit', 'replay', 'admin'], createdAtMs: nowMs, createdBy: 'system', revokedAtMs: null });
    }
    return { key: given, made: false };
  }
  if ((await registry.keys()).some((key) => key.revokedAtMs === null)) return { key: undefined, made: false };
  const { key, hash } = newApiKey();
  await registry.addKey({ id: `k-${hash.slice(0, 8)}`, name: 'first', secretHash: hash, roles: ['read', 'decide', 'edit', 'replay', 'admin'], createdAtMs: nowMs, createdBy: 'system', revokedAtMs: null });
  return { key, made: true };
}
