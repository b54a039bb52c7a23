import type { DefinitionSetRecord, DefinitionVersion, Registry } from '../registry';

const version = (name: string, number: number, hash = `hash-${name}-${number}`): DefinitionVersion => ({
  kind: 'Rule', name, version: number, hash, json: `{"kind":"Rule","name":"${name}","v":${number}}`, createdAtMs: 1_000 + number, createdBy: 'ann',
});
const setOf = (id: string): DefinitionSetRecord => ({ id, json: `{"id":"${id}"}`, versions: [{ kind: 'Rule', name: 'a', version: 1 }], createdAtMs: 5, createdBy: 'ann' });

/** What every registry must do. */
export function registryContract(make: () => Promise<Registry>): void {
  describe('is a registry', () => {
    let registry: Registry;
    beforeEach(async () => { registry = await make(); });

    it('knows nothing at first', async () => {
      expect(await registry.currentSet()).toBeUndefined();
      expect(await registry.definitions()).toEqual([]);
      expect(await registry.keys()).toEqual([]);
    });

    it('keeps every version, and gives the newest unless asked for another', async () => {
      await registry.saveSet(setOf('s1'), [version('a', 1), version('b', 1)]);
      await registry.saveSet(setOf('s2'), [version('a', 1), version('a', 2)]);
      expect((await registry.definition('Rule', 'a'))?.version).toBe(2);
      expect((await registry.definition('Rule', 'a', 1))?.json).toBe('{"kind":"Rule","name":"a","v":1}');
      expect((await registry.versions('Rule', 'a')).map((each) => each.version)).toEqual([1, 2]);
      expect((await registry.definitions()).map((each) => `${each.name}${each.version}`)).toEqual(['a2', 'b1']);
    });

    it('refuses another meaning under a known version, and keeps nothing of that set', async () => {
      await registry.saveSet(setOf('s1'), [version('a', 1)]);
      await expect(registry.saveSet(setOf('s2'), [version('c', 1), version('a', 1, 'other')])).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      expect(await registry.set('s2')).toBeUndefined();
      expect(await registry.definition('Rule', 'c')).toBeUndefined();
    });

    it('remembers which set came into force when, newest first', async () => {
      await registry.saveSet(setOf('s1'), []);
      await registry.saveSet(setOf('s2'), []);
      await registry.applySet('s1', 'ann', 10, null);
      await registry.applySet('s2', 'bob', 20, 'tighter');
      await registry.applySet('s1', 'ann', 30, 'back');
      expect((await registry.currentSet())?.set).toEqual(setOf('s1'));
      const page = await registry.appliedSets({ limit: 2 });
      expect(page.items.map((each) => [each.sequence, each.setId, each.note])).toEqual([[3, 's1', 'back'], [2, 's2', 'tighter']]);
      expect((await registry.appliedSets({ limit: 2, cursor: page.next ?? '' })).items.map((each) => each.sequence)).toEqual([1]);
      await expect(registry.applySet('s9', 'ann', 40, null)).rejects.toMatchObject({ code: 'WEIR_NOT_FOUND' });
    });

    it('keeps keys by the hash of their secret and revokes them once', async () => {
      const key = { id: 'k1', name: 'first', secretHash: 'h1', roles: ['read', 'admin'] as const, createdAtMs: 1, createdBy: 'system', revokedAtMs: null };
      await registry.addKey(key);
      await expect(registry.addKey(key)).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      expect(await registry.keyBySecretHash('h1')).toEqual(key);
      expect(await registry.keyBySecretHash('h2')).toBeUndefined();
      expect([await registry.revokeKey('k1', 9), await registry.revokeKey('k1', 10), await registry.revokeKey('k9', 10)]).toEqual([true, false, false]);
      expect((await registry.keyBySecretHash('h1'))?.revokedAtMs).toBe(9);
    });

    it('keeps proposed sets, and decides each once', async () => {
      const proposal = (id: string) => ({
        id, setId: `set-${id}`, baseSetId: null, json: '{}', plan: '{"set":"x"}', note: 'why', createdAtMs: 1, createdBy: 'ann', createdByKey: 'k1', status: 'open' as const, decidedAtMs: null, decidedBy: null, reason: null,
      });
      for (const id of ['p1', 'p2', 'p3']) await registry.addProposal(proposal(id));
      await expect(registry.addProposal(proposal('p1'))).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      expect(await registry.proposal('p1')).toEqual(proposal('p1'));
      expect(await registry.proposal('p9')).toBeUndefined();
      expect(await registry.decideProposal('p2', { status: 'rejected', by: 'bob', atMs: 5, reason: 'no' })).toBe(true);
      expect(await registry.decideProposal('p2', { status: 'approved', by: 'bob', atMs: 6, reason: null })).toBe(false);
      expect(await registry.decideProposal('p9', { status: 'approved', by: 'bob', atMs: 6, reason: null })).toBe(false);
      expect(await registry.proposal('p2')).toEqual({ ...proposal('p2'), status: 'rejected', decidedBy: 'bob', decidedAtMs: 5, reason: 'no' });
      const page = await registry.proposals({ limit: 2 });
      expect(page.items.map(({ id }) => id)).toEqual(['p3', 'p2']);
      expect((await registry.proposals({ limit: 2, cursor: page.next ?? '' })).items.map(({ id }) => id)).toEqual(['p1']);
      expect((await registry.proposals({ status: 'open', limit: 9 })).items.map(({ id }) => id)).toEqual(['p3', 'p1']);
    });

    it('finds who changed what, page by page', async () => {
      for (let n = 0; n < 5; n += 1) await registry.appendAudit({ atMs: n, by: n % 2 === 0 ? 'ann' : 'bob', action: 'list.put', subject: `List/${n}`, detail: '{}' });
      const page = await registry.audit({ by: 'ann', limit: 2 });
      expect(page.items.map((entry) => entry.subject)).toEqual(['List/4', 'List/2']);
      expect((await registry.audit({ by: 'ann', limit: 2, cursor: page.next ?? '' })).items.map((entry) => entry.subject)).toEqual(['List/0']);
      expect((await registry.audit({ fromMs: 1, toMs: 3, limit: 9 })).items.map((entry) => entry.atMs)).toEqual([2, 1]);
      await expect(registry.audit({ limit: 2, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'WEIR_INPUT_INVALID' });
    });
  });
}
