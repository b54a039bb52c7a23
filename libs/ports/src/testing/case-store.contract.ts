import type { CaseRow, CaseStore } from '../case-store';

const openCase = (n: number): CaseRow => ({
  id: `c-${n}`, decisionId: `d-0-${n}`, transactionId: `t${n}`, outcome: 'review', score: 0.5, createdAtMs: n, status: 'open', claimedBy: null, resolution: null, resolvedBy: null, resolvedAtMs: null,
});

/** What every review queue must do. */
export function caseStoreContract(make: () => Promise<CaseStore>): void {
  describe('is a review queue', () => {
    let cases: CaseStore;
    beforeEach(async () => { cases = await make(); });

    it('opens one case a decision, however often it is told', async () => {
      await cases.open([openCase(1), openCase(2)]);
      await cases.open([{ ...openCase(1), id: 'other' }]);
      expect((await cases.search({ limit: 10 })).items.map((each) => each.id)).toEqual(['c-2', 'c-1']);
    });

    it('lets one person claim a case, and that person again', async () => {
      await cases.open([openCase(1)]);
      expect(await cases.claim('c-1', 'ann')).toMatchObject({ status: 'claimed', claimedBy: 'ann' });
      expect(await cases.claim('c-1', 'ann')).toMatchObject({ claimedBy: 'ann' });
      await expect(cases.claim('c-1', 'bob')).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      await expect(cases.claim('c-9', 'bob')).rejects.toMatchObject({ code: 'WEIR_NOT_FOUND' });
    });

    it('resolves a case once', async () => {
      await cases.open([openCase(1)]);
      expect(await cases.resolve('c-1', 'ann', 'fraud', 77)).toMatchObject({ status: 'resolved', resolution: 'fraud', resolvedBy: 'ann', resolvedAtMs: 77 });
      await expect(cases.resolve('c-1', 'bob', 'genuine', 78)).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      expect((await cases.search({ status: 'open', limit: 10 })).items).toEqual([]);
    });

    it('keeps comments in their order', async () => {
      await cases.open([openCase(1)]);
      await cases.comment({ caseId: 'c-1', atMs: 2, by: 'ann', text: 'called the holder' });
      await cases.comment({ caseId: 'c-1', atMs: 1, by: 'bob', text: 'no answer' });
      expect((await cases.comments('c-1')).map((comment) => comment.text)).toEqual(['called the holder', 'no answer']);
    });

    it('counts the newest label of a transaction, whatever came last', async () => {
      await cases.putLabels([{ transactionId: 't1', fraud: true, by: 'bank', atMs: 20, source: 'dispute' }]);
      await cases.putLabels([{ transactionId: 't1', fraud: false, by: 'ann', atMs: 10, source: null }]);
      const labels = await cases.labels(['t1', 't2']);
      expect([labels.get('t1')?.fraud, labels.has('t2')]).toEqual([true, false]);
    });
  });
}
