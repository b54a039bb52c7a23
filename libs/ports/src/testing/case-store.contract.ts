import type { CaseRow, CaseStore } from '../case-store';

const openCase = (n: number, of: Partial<CaseRow> = {}): CaseRow => ({
  id: `c-${n}`, decisionId: `d-0-${n}`, transactionId: `t${n}`, outcome: 'review', score: 0.5, createdAtMs: n, status: 'open', claimedBy: null, resolution: null, resolvedBy: null, resolvedAtMs: null,
  amount: 100 * n, priority: 50 * n, claimedUntilMs: null, dueAtMs: null, ...of,
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

    it('gives a claim up when its time is over', async () => {
      await cases.open([openCase(1), openCase(2)]);
      expect(await cases.claim('c-1', 'ann', { nowMs: 1_000, untilMs: 2_000 })).toMatchObject({ claimedBy: 'ann', claimedUntilMs: 2_000 });
      await expect(cases.claim('c-1', 'bob', { nowMs: 1_999, untilMs: 3_000 })).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      await expect(cases.resolve('c-1', 'bob', 'fraud', 1_999)).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      const open = async (nowMs: number): Promise<string[]> => (await cases.search({ status: 'open', nowMs, limit: 10 })).items.map(({ id }) => id);
      expect([await open(1_999), await open(2_000)]).toEqual([['c-2'], ['c-2', 'c-1']]);
      expect(await cases.claim('c-1', 'bob', { nowMs: 2_000, untilMs: 3_000 })).toMatchObject({ claimedBy: 'bob', claimedUntilMs: 3_000 });
      expect(await cases.claim('c-1', 'bob', { nowMs: 2_500, untilMs: 4_000 })).toMatchObject({ claimedBy: 'bob', claimedUntilMs: 4_000 });
    });

    it('lets one of two that claim at once have it', async () => {
      await cases.open([openCase(1)]);
      const claims = await Promise.allSettled(['ann', 'bob'].map((by) => cases.claim('c-1', by, { nowMs: 1, untilMs: 2 })));
      expect(claims.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('brings what is worth most first, page by page', async () => {
      await cases.open([[1, 5], [2, 9], [3, 5], [4, 7.25]].map(([n = 0, priority = 0]) => openCase(n, { priority })));
      const seen: string[] = [];
      for (let cursor: string | undefined, turn = 0; turn < 5; turn += 1) {
        const page = await cases.search({ order: 'priority', limit: 1, cursor });
        seen.push(...page.items.map(({ id }) => id));
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(seen).toEqual(['c-2', 'c-4', 'c-3', 'c-1']);
    });

    it('brings what is due first, page by page, and what never is at the end', async () => {
      await cases.open([[1, 700], [2, null], [3, 300], [4, 700]].map(([n, dueAtMs]) => openCase(n ?? 0, { dueAtMs: dueAtMs ?? null })));
      const seen: Array<readonly [string, number | null]> = [];
      for (let cursor: string | undefined, turn = 0; turn < 5; turn += 1) {
        const page = await cases.search({ order: 'due', limit: 1, cursor });
        seen.push(...page.items.map(({ id, dueAtMs }) => [id, dueAtMs] as const));
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(seen).toEqual([['c-3', 300], ['c-4', 700], ['c-1', 700], ['c-2', null]]);
    });

    it('tells what is overdue, and counts it, until it is resolved', async () => {
      await cases.open([openCase(1, { dueAtMs: 1_000 }), openCase(2, { dueAtMs: 1_001 }), openCase(3)]);
      await cases.claim('c-1', 'ann', { nowMs: 500, untilMs: 2_000 });
      const overdue = async (atMs: number): Promise<string[]> => (await cases.search({ overdueAtMs: atMs, limit: 10 })).items.map(({ id }) => id);
      expect([await overdue(999), await overdue(1_000), await overdue(1_001)]).toEqual([[], ['c-1'], ['c-2', 'c-1']]);
      expect([await cases.count(1_001), await cases.count(2_000)]).toEqual([{ open: 2, claimed: 1, overdue: 2 }, { open: 3, claimed: 0, overdue: 2 }]);
      await cases.resolve('c-1', 'ann', 'genuine', 1_500);
      expect([await overdue(9_000), await cases.count(1_600)]).toEqual([['c-2'], { open: 2, claimed: 0, overdue: 1 }]);
    });

    it('closes the alerts of a decision with its case, and one by itself', async () => {
      await cases.open([openCase(1), openCase(2)]);
      const alerts = [{ id: 'a-1-x', decisionId: 'd-0-1' }, { id: 'a-1-y', decisionId: 'd-0-1' }, { id: 'a-2', decisionId: 'd-0-2' }, { id: 'a-9', decisionId: 'd-0-9' }, { id: 'a-time', decisionId: null }];
      const closed = async (): Promise<unknown> => [...(await cases.alertStandings(alerts))].flatMap(([id, { closed: by }]) => (by === null ? [] : [[id, by.by, by.atMs]]));
      expect([await closed(), (await cases.alertStandings(alerts)).get('a-1-y'), (await cases.alertStandings(alerts)).get('a-9')]).toEqual([[], { caseId: 'c-1', closed: null }, { caseId: null, closed: null }]);
      await cases.closeAlert({ alertId: 'a-1-y', atMs: 70, by: 'bob' });
      await cases.closeAlert({ alertId: 'a-time', atMs: 71, by: 'bob' });
      await cases.closeAlert({ alertId: 'a-time', atMs: 72, by: 'ann' });
      await cases.resolve('c-1', 'ann', 'fraud', 77);
      expect(await closed()).toEqual([['a-1-x', 'ann', 77], ['a-1-y', 'bob', 70], ['a-time', 'bob', 71]]);
      expect([...(await cases.alertStandings([]))]).toEqual([]);
    });

    it('writes a resolution with its label, comment and what is still to be done, or nothing of it', async () => {
      await cases.open([openCase(1), openCase(2)]);
      const label = { transactionId: 't1', fraud: true, by: 'ann', atMs: 77, source: 'review' };
      const audit = { atMs: 77, by: 'ann', action: 'case.resolve', subject: 'c-1', detail: null };
      await cases.resolve('c-1', 'ann', 'fraud', 77, { label, comment: 'holder denies it', audit, pending: '{"list":"x"}' });
      await expect(cases.resolve('c-1', 'bob', 'genuine', 78, { label: { ...label, fraud: false, atMs: 78 }, comment: 'no', pending: '{}' })).rejects.toMatchObject({ code: 'WEIR_CONFLICT' });
      expect([(await cases.labels(['t1'])).get('t1'), (await cases.comments('c-1')).map(({ text }) => text)]).toEqual([label, ['holder denies it']]);
      expect((await cases.unsettled(10)).map(({ row, pending }) => [row.id, pending])).toEqual([['c-1', '{"list":"x"}']]);
      await cases.settle('c-1');
      expect(await cases.unsettled(10)).toEqual([]);
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

    it('gives labels page by page in the order in which they came', async () => {
      for (const transactionId of ['t1', 't2', 't3']) await cases.putLabels([{ transactionId, fraud: true, by: 'bank', atMs: 20, source: null }]);
      const first = await cases.labelsAfter(0, 2), second = await cases.labelsAfter(first.cursor, 2);
      expect([...first.labels, ...second.labels].map(({ transactionId }) => transactionId)).toEqual(['t1', 't2', 't3']);
      expect(await cases.labelsAfter(second.cursor, 2)).toEqual({ labels: [], cursor: second.cursor });
    });
  });
}
