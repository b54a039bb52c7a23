import { decisionId, type Outcome } from '@weir/contracts';
import type { DecisionRow, DecisionStore } from '../decision-store';

const outcomes: readonly Outcome[] = ['approve', 'review', 'block'];

/** A decision made from its offset. */
export const decisionRowOf = (offset: number, overrides: Partial<DecisionRow> = {}): DecisionRow => {
  const lane = overrides.lane ?? 0, outcome = outcomes[offset % 3] ?? 'approve';
  return {
    lane, offset, id: decisionId({ lane, offset }), transactionId: `t${offset}`, source: 'transactions', eventTimeMs: 1_000 * offset, receivedAtMs: 1_000 * offset + 5, outcome, score: (offset % 10) / 10,
    decidedBy: 'score', alert: offset % 4 === 0, rules: offset % 2 === 0 ? ['even', `r${offset % 7}`] : [], entities: [`card:c${offset % 5}`, 'merchant:m'], json: JSON.stringify({ n: offset, text: 'ä' }), ...overrides,
  };
};

/** A store under test with at least two lanes, empty. `reopen` closes it and opens what it left; absent for what forgets. */
export interface DecisionStoreUnderTest { readonly store: DecisionStore; readonly reopen?: () => Promise<DecisionStore> }

/** What every store of decisions must do. */
export function decisionStoreContract(make: () => Promise<DecisionStoreUnderTest>): void {
  describe('is a store of decisions', () => {
    let under: DecisionStoreUnderTest;
    let store: DecisionStore;
    beforeEach(async () => {
      under = await make();
      store = under.store;
    });
    afterEach(() => store.close());
    const write = (offsets: readonly number[]): Promise<void> => store.write(0, [store.take(offsets.map((offset) => decisionRowOf(offset)))]);
    const all = async (query: Omit<Parameters<DecisionStore['search']>[0], 'limit'>, limit: number): Promise<number[]> => {
      const found: number[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < 1_000; page++) {
        const { items, next } = await store.search({ ...query, limit, cursor });
        found.push(...items.map(({ offset }) => offset));
        if (next === null) return found;
        cursor = next;
      }
      throw new Error('pages without end');
    };

    it('knows nothing at first', async () => {
      expect([await store.position(0), await store.byId('d-0-0'), await store.byTransaction('t0'), await store.search({ limit: 5 })]).toEqual([-1, undefined, undefined, { items: [], next: null }]);
    });

    it('gives a decision by its id, whole', async () => {
      await write([3, 5, 8]);
      expect(await store.byId('d-0-5')).toEqual(decisionRowOf(5));
      for (const id of ['d-0-4', 'd-0-2', 'd-0-9', 'd-1-5', 'no id']) expect([id, await store.byId(id)]).toEqual([id, undefined]);
      expect(await store.position(0)).toBe(8);
    });

    it('gives a stretch of a lane in its order, from any offset', async () => {
      const offsets = Array.from({ length: 300 }, (_, index) => 2 * index + 1);
      for (let from = 0; from < offsets.length; from += 70) await write(offsets.slice(from, from + 70));
      await store.write(1, [store.take([decisionRowOf(4, { lane: 1 })])]);
      for (const from of [0, 1, 2, 141, 598, 599]) {
        const found: number[] = [];
        for (let next = from; ;) {
          const rows = await store.range(0, next, 50);
          if (rows.length === 0) break;
          found.push(...rows.map(({ offset }) => offset));
          next = (found.at(-1) ?? 0) + 1;
        }
        expect([from, found]).toEqual([from, offsets.filter((offset) => offset >= from)]);
      }
      expect(await store.range(0, 600, 50)).toEqual([]);
      expect((await store.range(0, 5, 1))[0]).toEqual(decisionRowOf(5));
      expect((await store.range(1, 0, 9)).map(({ id }) => id)).toEqual(['d-1-4']);
    });

    it('keeps the first of each origin', async () => {
      await write([1, 2]);
      await store.write(0, [store.take([decisionRowOf(2, { outcome: 'block', json: '{"again":true}' }), decisionRowOf(3)])]);
      expect((await store.byId('d-0-2'))?.json).toBe(decisionRowOf(2).json);
      expect((await store.byId('d-0-3'))?.offset).toBe(3);
    });

    it('writes what it took of several batches together, and again where it could not, whatever became of the rows', async () => {
      const rows = [1, 2].map((offset) => ({ ...decisionRowOf(offset) })), taken = [store.take(rows), store.take([decisionRowOf(3), decisionRowOf(4)])];
      rows.length = 0;
      await expect(store.write(99, taken)).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED' }); // there is no such lane
      expect(taken.map(({ count }) => count)).toEqual([2, 2]);
      await write([1]);
      await store.write(0, taken);
      expect([(await store.range(0, 0, 9)).map(({ offset }) => offset), await store.position(0), (await store.byId('d-0-4'))?.json]).toEqual([[1, 2, 3, 4], 4, decisionRowOf(4).json]);
    });

    it('finds the newest decision of a transaction, by source where it is asked', async () => {
      await store.write(0, [store.take([decisionRowOf(1, { transactionId: 'same' }), decisionRowOf(2, { transactionId: 'same', source: 'other' }), decisionRowOf(3, { transactionId: 'another' })])]);
      await store.write(1, [store.take([decisionRowOf(0, { lane: 1, transactionId: 'there' })])]);
      expect([(await store.byTransaction('same'))?.offset, (await store.byTransaction('same', 'transactions'))?.offset, (await store.byTransaction('there'))?.lane, await store.byTransaction('none')]).toEqual([2, 1, 1, undefined]);
    });

    it.each([1, 3, 100])('searches newest first, %d a page', async (limit) => {
      await write(Array.from({ length: 12 }, (_, index) => index));
      await write(Array.from({ length: 28 }, (_, index) => 12 + index));
      const everyOffset = Array.from({ length: 40 }, (_, index) => 39 - index);
      const where = (holds: (row: DecisionRow) => boolean): number[] => everyOffset.filter((offset) => holds(decisionRowOf(offset)));
      expect(await all({}, limit)).toEqual(everyOffset);
      expect(await all({ entity: 'card:c3' }, limit)).toEqual(where(({ entities }) => entities.includes('card:c3')));
      expect(await all({ outcome: 'review', rule: 'even' }, limit)).toEqual(where(({ outcome, rules }) => outcome === 'review' && rules.includes('even')));
      expect(await all({ alert: true, fromMs: 8_000, toMs: 24_000 }, limit)).toEqual(where(({ alert, eventTimeMs }) => alert && eventTimeMs >= 8_000 && eventTimeMs < 24_000));
      expect(await all({ entity: 'card:none' }, limit)).toEqual([]);
    });

    it('searches lane by lane', async () => {
      await write([1, 2]);
      await store.write(1, [store.take([decisionRowOf(7, { lane: 1 })])]);
      expect(await all({}, 1)).toEqual([2, 1, 7]);
    });

    it('still has everything when it is opened again', async () => {
      if (under.reopen === undefined) return;
      await write([1, 2, 3]);
      store = await under.reopen();
      expect([await store.position(0), await store.byId('d-0-2'), (await store.byTransaction('t3'))?.offset]).toEqual([3, decisionRowOf(2), 3]);
      await write([3, 4]);
      expect(await all({}, 10)).toEqual([4, 3, 2, 1]);
    });
  });
}
