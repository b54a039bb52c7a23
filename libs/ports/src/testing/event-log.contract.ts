import type { EventLog, LogRecord, NewRecord, Topic } from '../event-log';

const record = (text: string, headers: Readonly<Record<string, string>> = {}): NewRecord => ({ key: null, headers, value: new TextEncoder().encode(text) });
const texts = (records: readonly LogRecord[]): string[] => records.map(({ value }) => new TextDecoder().decode(value));

/** A transactional topic shows a committed record when its marker is written, a moment after the append: so read until `count` are there, a bounded number of times. */
async function readWhenThere(log: EventLog, topic: Topic, count: number): Promise<readonly LogRecord[]> {
  let records = await log.read(topic, 0, 0, count);
  for (let attempt = 0; attempt < 50 && records.length < count; attempt += 1) {
    await log.wait(topic, 0, records.length, 100);
    records = await log.read(topic, 0, 0, count);
  }
  return records;
}

/** A log under test: empty, with at least two lanes. `setClock`: absent where the clock is not ours, as a broker's. `reopen` closes it and opens what it left; absent for what forgets. */
export interface LogUnderTest {
  readonly log: EventLog;
  readonly setClock?: (nowMs: number) => void;
  readonly reopen?: () => Promise<EventLog>;
}

/** What every log must do. */
export function eventLogContract(make: () => Promise<LogUnderTest>): void {
  describe('is a log', () => {
    let under: LogUnderTest;
    let log: EventLog;
    beforeEach(async () => {
      under = await make();
      log = under.log;
    });
    afterEach(() => log.close());

    it('is empty at first', async () => {
      expect(await log.bounds('transactions.raw', 0)).toEqual({ first: 0, next: 0 });
      expect(await log.read('transactions.raw', 0, 0, 10)).toEqual([]);
      expect(await log.offsetAt('transactions.raw', 0, 0)).toBe(0);
    });

    it('gives back what was appended, in order, with offsets from 0 without gaps', async () => {
      expect((await log.append('transactions.raw', 0, [record('a'), record('b')])).firstOffset).toBe(0);
      expect((await log.append('transactions.raw', 0, [record('c')])).firstOffset).toBe(2);
      const read = await log.read('transactions.raw', 0, 0, 10);
      expect(texts(read)).toEqual(['a', 'b', 'c']);
      expect(read.map(({ offset }) => offset)).toEqual([0, 1, 2]);
      expect(await log.bounds('transactions.raw', 0)).toEqual({ first: 0, next: 3 });
    });

    it('forgets only what is before the offset, if anything, and goes on behind what is left', async () => {
      for (const text of ['a', 'b', 'c', 'd']) await log.append('transactions.raw', 0, [record(text)]);
      await log.forget('transactions.raw', 0, 2);
      await log.forget('transactions.raw', 0, 100); // the newest stay
      const { first, next } = await log.bounds('transactions.raw', 0);
      expect([first <= 3, next]).toEqual([true, 4]);
      expect(texts(await log.read('transactions.raw', 0, first, 10))).toEqual(['a', 'b', 'c', 'd'].slice(first));
      expect((await log.append('transactions.raw', 0, [record('e')])).firstOffset).toBe(4);
    });

    it('keeps key, headers and bytes as they are', async () => {
      const value = Uint8Array.from({ length: 256 }, (_, index) => index);
      await log.append('transactions', 0, [{ key: 'kä', headers: { 'weir-source': 'sö', other: '1' }, value }, { key: null, headers: {}, value: new Uint8Array(0) }]);
      const [first, second] = await log.read('transactions', 0, 0, 2);
      expect([first?.key, first?.headers, Uint8Array.from(first?.value ?? [])]).toEqual(['kä', { 'weir-source': 'sö', other: '1' }, value]);
      expect([second?.key, second?.headers, second?.value.length]).toEqual([null, {}, 0]);
    });

    it('reads from any offset, and no more than asked', async () => {
      for (let batch = 0; batch < 5; batch++) await log.append('transactions.raw', 0, Array.from({ length: 7 }, (_, index) => record(String(batch * 7 + index))));
      expect(texts(await log.read('transactions.raw', 0, 13, 3))).toEqual(['13', '14', '15']);
      expect(texts(await log.read('transactions.raw', 0, 33, 100))).toEqual(['33', '34']);
      expect(await log.read('transactions.raw', 0, 35, 100)).toEqual([]);
    });

    it('keeps topics and lanes apart', async () => {
      await log.append('transactions.raw', 0, [record('raw0')]);
      await log.append('transactions.raw', 1, [record('raw1')]);
      await log.append('decisions', 0, [record('decision')]);
      expect(texts(await log.read('transactions.raw', 1, 0, 9))).toEqual(['raw1']);
      expect(texts(await readWhenThere(log, 'decisions', 1))).toEqual(['decision']);
    });

    it('orders appends that are under way at once, each whole', async () => {
      const results = await Promise.all(Array.from({ length: 50 }, (_, index) => log.append('transactions.raw', 0, [record(`${index}a`), record(`${index}b`)])));
      const all = texts(await log.read('transactions.raw', 0, 0, 1_000));
      results.forEach(({ firstOffset }, index) => expect(all.slice(firstOffset, firstOffset + 2)).toEqual([`${index}a`, `${index}b`]));
      expect(new Set(results.map(({ firstOffset }) => firstOffset)).size).toBe(50);
    });

    it('stamps records with its clock, and finds the first offset at or after a time', async () => {
      if (under.setClock === undefined) return;
      for (const nowMs of [1_000, 2_000, 3_000]) {
        under.setClock(nowMs);
        expect((await log.append('transactions.raw', 0, [record('x'), record('y')])).appendedAtMs).toBe(nowMs);
      }
      expect((await log.read('transactions.raw', 0, 2, 2)).map(({ appendedAtMs }) => appendedAtMs)).toEqual([2_000, 2_000]);
      for (const [timeMs, offset] of [[0, 0], [1_000, 0], [1_001, 2], [2_000, 2], [3_000, 4], [3_001, 6]] as const) expect([timeMs, await log.offsetAt('transactions.raw', 0, timeMs)]).toEqual([timeMs, offset]);
    });

    it('never stamps a record before the one ahead of it, when the clock is set back', async () => {
      if (under.setClock === undefined) return;
      under.setClock(5_000);
      await log.append('transactions.raw', 0, [record('a')]);
      under.setClock(4_000);
      expect((await log.append('transactions.raw', 0, [record('b')])).appendedAtMs).toBe(5_000);
    });

    it('wakes who waits for a record, and lets go of who waits in vain', async () => {
      const waiting = log.wait('transactions.raw', 0, 0, 60_000);
      await log.append('transactions.raw', 0, [record('a')]);
      await waiting;
      await log.wait('transactions.raw', 0, 0, 60_000);
      await log.wait('transactions.raw', 0, 1, 5);
      expect(await log.read('transactions.raw', 0, 1, 1)).toEqual([]);
    });

    it('lets go of who waits when it is closed', async () => {
      const waiting = log.wait('transactions.raw', 0, 5, 60_000);
      await log.close();
      await waiting;
    });

    it('still has everything when it is opened again', async () => {
      if (under.reopen === undefined) return;
      under.setClock?.(7_000);
      const { appendedAtMs } = await log.append('transactions.raw', 1, [record('kept', { h: 'v' })]);
      log = await under.reopen();
      const [kept] = await log.read('transactions.raw', 1, 0, 1);
      expect([kept?.offset, kept?.appendedAtMs, kept?.headers, new TextDecoder().decode(kept?.value)]).toEqual([0, appendedAtMs, { h: 'v' }, 'kept']);
      under.setClock?.(6_000);
      const next = await log.append('transactions.raw', 1, [record('next')]);
      expect(next.firstOffset).toBe(1);
      expect(next.appendedAtMs).toBeGreaterThanOrEqual(appendedAtMs);
    });
  });
}
