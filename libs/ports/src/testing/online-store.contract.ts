import { isSyncStore, type OnlineStore } from '../online-store';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const plain = (values: ReadonlyArray<Uint8Array | undefined>): Array<number[] | undefined> => values.map((value) => value && [...value]);
const entries = async (scan: AsyncIterable<readonly [string, Uint8Array]>): Promise<Array<[string, number[]]>> => {
  const found: Array<[string, number[]]> = [];
  for await (const [key, value] of scan) found.push([key, [...value]]);
  return found;
};

/** A store under test, empty. `reopen` closes it and opens what it left; absent for what forgets. */
export interface StoreUnderTest {
  readonly store: OnlineStore;
  readonly reopen?: () => Promise<OnlineStore>;
}

/** What every online store must do. */
export function onlineStoreContract(make: () => Promise<StoreUnderTest>): void {
  describe('is an online store', () => {
    let under: StoreUnderTest;
    let store: OnlineStore;
    beforeEach(async () => {
      under = await make();
      store = under.store;
    });
    afterEach(() => store.close());

    it('is at -1 and knows nothing at first', async () => {
      expect(await store.position(0)).toBe(-1);
      expect(await store.read(0, ['a/1', 'a/2'])).toEqual([undefined, undefined]);
    });

    it('publishes values with the position, and reads them in the order asked', async () => {
      await store.publish(0, 41, [['a/1', bytes(1)], ['a/2', bytes(2, 2)], ['b/1', bytes()]]);
      expect(await store.position(0)).toBe(41);
      expect(plain(await store.read(0, ['a/2', 'none', 'a/1', 'b/1', 'a/2']))).toEqual([[2, 2], undefined, [1], [], [2, 2]]);
    });

    it('replaces and forgets values', async () => {
      await store.publish(0, 1, [['a', bytes(1)], ['b', bytes(2)]]);
      await store.publish(0, 2, [['a', bytes(9)], ['b', undefined], ['never', undefined]]);
      expect(plain(await store.read(0, ['a', 'b']))).toEqual([[9], undefined]);
      expect(await store.position(0)).toBe(2);
    });

    it('keeps lanes apart, and reads several with their positions', async () => {
      await store.publish(0, 5, [['k', bytes(1)]]);
      await store.publish(1, 9, [['k', bytes(2)]]);
      expect((await store.readWithPosition([1, 0, 2], ['k', 'x'])).map(({ position, values }) => [position, plain(values)])).toEqual([[9, [[2], undefined]], [5, [[1], undefined]], [-1, [undefined, undefined]]]);
    });

    it('never goes back', async () => {
      await store.publish(0, 5, [['k', bytes(1)]]);
      await expect(store.publish(0, 4, [['k', bytes(2)]])).rejects.toMatchObject({ code: 'WEIR_FENCED' });
      expect(plain(await store.read(0, ['k']))).toEqual([[1]]);
      await store.publish(0, 5, [['k', bytes(3)]]);
      expect(plain(await store.read(0, ['k']))).toEqual([[3]]);
    });

    it('publishes all or nothing', async () => {
      await store.publish(0, 1, [['k', bytes(1)]]);
      const broken = function* (): Iterable<readonly [string, Uint8Array]> {
        yield ['k', bytes(2)];
        throw new Error('the stage failed');
      };
      await expect((async () => store.publish(0, 2, broken()))()).rejects.toThrow('the stage failed');
      expect([await store.position(0), plain(await store.read(0, ['k']))]).toEqual([1, [[1]]]);
    });

    it('scans a prefix by key, as UTF-8 bytes', async () => {
      const keys = ['a/1', 'a/10', 'a/2', 'a/é', 'a/\u{1f600}', 'a/\uffee', 'a0', 'A/1', 'b/1'];
      await store.publish(0, 1, keys.map((key, index) => [key, bytes(index)] as const));
      expect((await entries(store.scan(0, 'a/'))).map(([key]) => key)).toEqual(['a/1', 'a/10', 'a/2', 'a/é', 'a/\uffee', 'a/\u{1f600}']);
      expect((await entries(store.scan(0, ''))).length).toBe(keys.length);
      expect(await entries(store.scan(1, ''))).toEqual([]);
    });

    it('keeps what it was given, whatever becomes of the array', async () => {
      const value = bytes(1, 2, 3);
      await store.publish(0, 1, [['k', value]]);
      value.fill(9);
      expect(plain(await store.read(0, ['k']))).toEqual([[1, 2, 3]]);
    });

    it('holds long keys and large values', async () => {
      const key = `stage/${'k'.repeat(1_000)}`, value = new Uint8Array(3_000_000).fill(7);
      await store.publish(0, 1, [[key, value], [`${key}2`, bytes(1)]]);
      const [read] = await store.read(0, [key]);
      expect([read?.length, read?.[2_999_999]]).toEqual([3_000_000, 7]);
      expect((await entries(store.scan(0, key))).map(([name, { length }]) => [name.length, length])).toEqual([[1_006, 3_000_000], [1_007, 1]]);
    });

    it('forgets a lane, and no other', async () => {
      await store.publish(0, 5, [['k', bytes(1)]]);
      await store.publish(1, 6, [['k', bytes(2)]]);
      await store.clear(0);
      expect([await store.position(0), plain(await store.read(0, ['k'])), await store.position(1), plain(await store.read(1, ['k']))]).toEqual([-1, [undefined], 6, [[2]]]);
      await store.publish(0, 0, [['k', bytes(3)]]);
      expect(await store.position(0)).toBe(0);
    });

    it('answers the same at once, where it can', async () => {
      if (!isSyncStore(store)) return;
      await store.publish(0, 5, [['a/1', bytes(1)], ['a/2', bytes(2)]]);
      expect(plain(store.readSync(0, ['a/2', 'x']))).toEqual([[2], undefined]);
      expect([...store.scanSync(0, 'a/')].map(([key, value]) => [key, [...value]])).toEqual([['a/1', [1]], ['a/2', [2]]]);
    });

    it('still has everything when it is opened again', async () => {
      if (under.reopen === undefined) return;
      await store.publish(0, 5, [['a/1', bytes(1)]]);
      store = await under.reopen();
      expect([await store.position(0), plain(await store.read(0, ['a/1']))]).toEqual([5, [[1]]]);
    });
  });
}
