import type { HistoryRecord, OfflineStore } from '../offline-store';
import { decisionRowOf } from './decision-store.contract';

const startMs = 1_735_689_600_000;
const everyMs = 3_600_000;

/** A record an hour after the one before it: events, each seventh refused, each eleventh a tick. */
const recordOf = (offset: number, lane = 0): HistoryRecord => {
  const tick = offset % 11 === 10, refused = !tick && offset % 7 === 6;
  return {
    lane, offset, appendedAtMs: startMs + offset * everyMs, key: offset % 2 === 0 ? `k${offset}` : null, headers: tick ? { 'weir-kind': 'tick' } : { 'weir-source': 'transactions', ä: '"' },
    value: tick ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify({ n: offset, text: 'ü' })), outcome: tick ? 'control' : refused ? 'quarantined' : 'accepted', kind: tick ? 'tick' : 'event',
    source: tick ? null : 'transactions', id: tick ? null : `t${offset}`, eventTimeMs: tick || refused ? null : startMs + offset * everyMs - 1_000, receivedAtMs: startMs + offset * everyMs,
    reason: refused ? 'invalid' : null, field: refused ? 'amount' : null, entities: tick || refused ? [] : [`card:c${offset % 3}`, 'merchant:m|1'],
  };
};
const decisionOf = (record: HistoryRecord): ReturnType<typeof decisionRowOf> => decisionRowOf(record.offset, { lane: record.lane, eventTimeMs: record.eventTimeMs ?? 0, receivedAtMs: record.receivedAtMs, entities: record.entities });

export interface OfflineStoreUnderTest { readonly store: OfflineStore; readonly reopen?: () => Promise<OfflineStore> }

/** What every history must do. */
export function offlineStoreContract(make: () => Promise<OfflineStoreUnderTest>): void {
  describe('is a history', () => {
    let under: OfflineStoreUnderTest;
    let store: OfflineStore;
    beforeEach(async () => {
      under = await make();
      store = under.store;
    });
    afterEach(() => store.close());
    const append = async (from: number, to: number, lane = 0): Promise<void> => {
      const records = Array.from({ length: to - from }, (_, index) => recordOf(from + index, lane));
      await store.append({ lane, records, decisions: records.filter(({ outcome }) => outcome === 'accepted').map(decisionOf) });
    };
    const offsets = async (rows: AsyncIterable<{ readonly offset: number }>): Promise<number[]> => {
      const found: number[] = [];
      for await (const { offset } of rows) found.push(offset);
      return found;
    };
    const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
    const plain = (record: HistoryRecord): unknown => ({ ...record, value: [...record.value] });

    it('is empty at first', async () => {
      expect([await store.position(0), await offsets(store.scan(0, 0)), await offsets(store.query({})), await offsets(store.decisions({}))]).toEqual([-1, [], [], []]);
    });

    it('gives back every record as it was, and every decision', async () => {
      await append(0, 30);
      await store.flush();
      const records: unknown[] = [], decisions: unknown[] = [];
      for await (const record of store.scan(0, 0)) records.push(plain(record));
      for await (const decision of store.decisions({})) decisions.push(decision);
      expect(records).toEqual(range(0, 30).map((offset) => plain(recordOf(offset))));
      expect(decisions).toEqual(range(0, 30).map((offset) => recordOf(offset)).filter(({ outcome }) => outcome === 'accepted').map(decisionOf));
    });

    it('is durable up to its position, over days and files', async () => {
      await append(0, 20);
      await store.flush();
      await append(20, 60);
      await store.flush();
      expect(await store.position(0)).toBe(59);
      expect(await offsets(store.scan(0, 15))).toEqual(range(15, 60));
      expect(await offsets(store.scan(0, 15, 41))).toEqual(range(15, 41));
    });

    it('takes what it has already no second time', async () => {
      await append(0, 20);
      await store.flush();
      await append(10, 25);
      await append(15, 30);
      await store.flush();
      expect(await offsets(store.scan(0, 0))).toEqual(range(0, 30));
    });

    it('answers by time, entity, outcome, source and lane', async () => {
      await append(0, 40);
      await append(0, 5, 1);
      await store.flush();
      const all = range(0, 40).map((offset) => recordOf(offset)), where = (holds: (record: HistoryRecord) => boolean): number[] => all.filter(holds).map(({ offset }) => offset);
      expect(await offsets(store.query({ lane: 0, entity: 'card:c2' }))).toEqual(where(({ entities }) => entities.includes('card:c2')));
      expect(await offsets(store.query({ lane: 0, outcome: 'quarantined' }))).toEqual(where(({ outcome }) => outcome === 'quarantined'));
      const fromMs = startMs + 5 * everyMs, toMs = startMs + 21 * everyMs;
      expect(await offsets(store.query({ lane: 0, fromMs, toMs }))).toEqual(where((record) => (record.eventTimeMs ?? record.receivedAtMs) >= fromMs && (record.eventTimeMs ?? record.receivedAtMs) < toMs));
      expect(await offsets(store.decisions({ lane: 0, fromMs, toMs }))).toEqual(where(({ outcome, eventTimeMs }) => outcome === 'accepted' && (eventTimeMs ?? 0) >= fromMs && (eventTimeMs ?? 0) < toMs));
      expect(await offsets(store.query({ lane: 1 }))).toEqual(range(0, 5));
      expect((await offsets(store.query({}))).length).toBe(45);
      expect(await offsets(store.query({ source: "it's" }))).toEqual([]);
    });

    it('answers the same after its files were joined', async () => {
      for (let from = 0; from < 50; from += 5) {
        await append(from, from + 5);
        await store.flush();
      }
      const before = await offsets(store.scan(0, 3));
      expect(await store.compact()).toBeGreaterThan(3);
      expect(await offsets(store.scan(0, 3))).toEqual(before);
      expect(await store.position(0)).toBe(49);
      expect(await store.compact()).toBe(0);
      await append(50, 52);
      await store.flush();
      expect(await offsets(store.scan(0, 45))).toEqual(range(45, 52));
    });

    it('forgets whole days', async () => {
      await append(0, 72);
      await store.flush();
      expect(await store.expire(startMs + 25 * everyMs)).toBe(1);
      expect(await offsets(store.scan(0, 0))).toEqual(range(24, 72));
      await store.expire(startMs + 1_000 * everyMs);
      expect(await store.position(0)).toBe(71);
    });

    it('still has everything durable when it is opened again', async () => {
      if (under.reopen === undefined) return;
      await append(0, 30);
      await store.flush();
      store = await under.reopen();
      expect(await store.position(0)).toBe(29);
      await append(25, 35);
      await store.flush();
      expect(await offsets(store.scan(0, 0))).toEqual(range(0, 35));
    });
  });
}
