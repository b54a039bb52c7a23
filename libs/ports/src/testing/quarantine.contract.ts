import { quarantineId, type QuarantineRow, type QuarantineStore } from '../quarantine-store';

const refused = (offset: number, overrides: Partial<QuarantineRow> = {}): QuarantineRow => ({
  lane: 0, offset, id: quarantineId({ lane: 0, offset }), source: 'transactions', transactionId: `t${offset}`, reason: 'invalid', field: 'amount', expected: 'money', got: 'text',
  receivedAtMs: offset * 10, json: `{"n":${offset}}`, resentAtMs: null, ...overrides,
});

/** What every quarantine must do. */
export function quarantineContract(make: () => Promise<QuarantineStore>): void {
  describe('is a quarantine', () => {
    let store: QuarantineStore;
    beforeEach(async () => { store = await make(); });

    it('keeps the first of each origin', async () => {
      await store.write([refused(1), refused(2)]);
      await store.write([refused(1, { field: 'other' })]);
      expect((await store.byId('q-0-1'))?.field).toBe('amount');
    });

    it('finds the newest refusal of an id', async () => {
      await store.write([refused(1, { transactionId: 'same' }), refused(2, { transactionId: 'same', reason: 'late', field: null })]);
      expect(await store.byTransaction('same')).toMatchObject({ offset: 2, reason: 'late', field: null });
      expect(await store.byTransaction('other')).toBeUndefined();
    });

    it('lists newest first, by reason and page', async () => {
      await store.write([1, 2, 3, 4].map((n) => refused(n, { reason: n % 2 === 0 ? 'future' : 'invalid' })));
      const page = await store.search({ reason: 'future', limit: 1 });
      expect(page.items.map((row) => row.offset)).toEqual([4]);
      expect((await store.search({ reason: 'future', limit: 5, cursor: page.next ?? '' })).items.map((row) => row.offset)).toEqual([2]);
    });

    it('remembers when it was sent again', async () => {
      await store.write([refused(1)]);
      await store.markResent('q-0-1', 99);
      expect((await store.byId('q-0-1'))?.resentAtMs).toBe(99);
    });
  });
}
