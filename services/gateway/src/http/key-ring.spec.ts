import { WeirError } from '@weir/contracts';
import type { Keys } from '../dependencies/operations';
import { hashApiKey, KeyRing } from './key-ring';

describe('A key while the registry is away', () => {
  const hash = hashApiKey('k'), stranger = hashApiKey('s');
  let isAway = false, asked = 0;
  const keys: Pick<Keys, 'findByHash'> = {
    findByHash: (given) => {
      asked += 1;
      if (isAway) return Promise.reject(new WeirError('WEIR_REGISTRY_FAILED', 'away', { retriable: true }));
      return Promise.resolve(given === hash ? { id: 'k-1', name: 'n', hash, roles: ['decide'], createdAtMs: 0, createdBy: 'test', revokedAtMs: null } : undefined);
    },
  };
  const ring = new KeyRing(keys as Keys); // nothing else of it is asked

  it('goes on being good where it was known lately, for a while; of others nothing is known', async () => {
    expect(await ring.ask(hash, 0)).toMatchObject({ keyId: 'k-1' });
    isAway = true;
    expect(ring.recall(hash, 6_000)).toBe('unasked');
    expect(await ring.ask(hash, 6_000)).toMatchObject({ keyId: 'k-1' });
    expect([ring.recall(hash, 6_500), asked]).toEqual([expect.objectContaining({ keyId: 'k-1' }), 2]);
    await expect(ring.ask(stranger, 6_000)).rejects.toThrow('away');
    expect(await ring.ask(hash, 600_000)).toMatchObject({ keyId: 'k-1' });
    await expect(ring.ask(hash, 600_001)).rejects.toThrow('away');
    isAway = false;
    expect(await ring.ask(hash, 700_000)).toMatchObject({ keyId: 'k-1' });
  });
});
