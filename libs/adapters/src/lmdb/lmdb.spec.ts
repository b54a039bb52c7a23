import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clock, type NewRecord } from '@weir/ports';
import { decisionRowOf, decisionStoreContract, eventLogContract, onlineStoreContract } from '@weir/ports/testing';
import { LmdbDecisionStore, LmdbEventLog, LmdbLogReader, LmdbOnlineStore, ThreadedDecisionStore } from './index';

class SetClock extends Clock {
  now = 0;
  override nowMs(): number { return this.now; }
}

describe('LMDB', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'weir-lmdb-'));
    folders.push(path);
    return path;
  };
  afterAll(() => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

  eventLogContract(() => {
    const path = folder(), clock = new SetClock();
    let log = new LmdbEventLog({ path, lanes: 2, clock });
    return Promise.resolve({
      log, setClock: (nowMs) => { clock.now = nowMs; },
      reopen: async () => {
        await log.close();
        return (log = new LmdbEventLog({ path, lanes: 2, clock }));
      },
    });
  });

  it('cuts a log in front of an offset, for whoever reads it beside, too, and after it was opened again', async () => {
    const path = folder(), clock = new SetClock(), options = { path, lanes: 1, clock }, record = (text: string): NewRecord => ({ key: null, headers: {}, value: Buffer.from(text) });
    let log = new LmdbEventLog(options);
    for (const texts of [['a', 'b'], ['c'], ['d', 'e'], ['f']]) await log.append('transactions.raw', 0, texts.map(record));
    const beside = new LmdbLogReader(path);
    await log.forget('transactions.raw', 0, 4); // in the middle of a block, which stays
    for (const bounds of [await log.bounds('transactions.raw', 0), beside.bounds('transactions.raw', 0)]) expect(bounds).toEqual({ first: 3, next: 6 });
    await log.close();
    log = new LmdbEventLog(options);
    expect((await log.read('transactions.raw', 0, 3, 9)).map(({ value }) => Buffer.from(value).toString())).toEqual(['d', 'e', 'f']);
    expect(await log.offsetAt('transactions.raw', 0, -1)).toBe(3);
    await beside.close();
    await log.close();
  });

  onlineStoreContract(() => {
    const path = folder();
    const store = new LmdbOnlineStore({ path });
    return Promise.resolve({
      store,
      reopen: async () => {
        await store.close();
        return new LmdbOnlineStore({ path });
      },
    });
  });

  decisionStoreContract(() => {
    const path = folder(), store = new LmdbDecisionStore({ path, lanes: 2 });
    return Promise.resolve({
      store,
      reopen: async () => {
        await store.close();
        return new LmdbDecisionStore({ path, lanes: 2 });
      },
    });
  });

  decisionStoreContract(() => {
    const options = { path: folder(), lanes: 2, unpack: (): string => '' }, store = new ThreadedDecisionStore(options);
    return Promise.resolve({
      store,
      reopen: async () => {
        await store.close();
        return new ThreadedDecisionStore(options);
      },
    });
  });

  it('takes packed decisions to another thread and back, and tells what failed there', async () => {
    const unpack = (layout: string, bytes: Uint8Array): string => JSON.stringify([layout, ...bytes]), shared = new Uint8Array(3);
    const store = new ThreadedDecisionStore({ path: folder(), lanes: 1, unpack });
    const row = (offset: number): ReturnType<typeof decisionRowOf> => ({
      ...decisionRowOf(offset, { json: 'not asked for', transactionId: `t${offset} é\u4e2d`, entities: ['card:ü', 'device:d'] }),
      get packed() { shared.fill(offset); return { layoutId: 'l', layout: () => 'layout', bytes: shared }; },
    });
    await store.write(0, [store.take([row(1), row(2), decisionRowOf(3)])]);
    const found = await store.byTransaction('t2 é\u4e2d');
    expect(found).toMatchObject({ offset: 2, json: '["layout",2,2,2]', entities: ['card:ü', 'device:d'] });
    expect((await store.search({ limit: 9 })).items.map(({ json }) => json)).toEqual([decisionRowOf(3).json, '["layout",2,2,2]', '["layout",1,1,1]']);
    await expect(store.search({ limit: 9, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'WEIR_INPUT_INVALID', findings: [{ field: 'cursor' }] });
    await store.close();
  });

  it('keeps what comes packed packed, with its layout once, and gives the text back', async () => {
    const path = folder(), unpack = (layout: string, bytes: Uint8Array): string => JSON.stringify([layout, ...bytes]);
    const packedRow = (offset: number): ReturnType<typeof decisionRowOf> => decisionRowOf(offset, { json: 'not asked for', packed: { layoutId: `l${offset % 2}`, layout: () => `layout ${offset % 2}`, bytes: Uint8Array.of(offset, 0, 255) } });
    let store = new LmdbDecisionStore({ path, lanes: 1, unpack });
    await store.write(0, [store.take([packedRow(0), decisionRowOf(1), packedRow(2), packedRow(3)])]);
    const texts = async (): Promise<Array<string | undefined>> => Promise.all([0, 1, 2, 3].map(async (offset) => (await store.byId(`d-0-${offset}`))?.json));
    const expected = ['["layout 0",0,0,255]', decisionRowOf(1).json, '["layout 0",2,0,255]', '["layout 1",3,0,255]'];
    expect(await texts()).toEqual(expected);
    await store.close();
    store = new LmdbDecisionStore({ path, lanes: 1, unpack });
    expect([await texts(), (await store.search({ limit: 9 })).items.map(({ json }) => json)]).toEqual([expected, [...expected].reverse()]);
    await store.close();
    store = new LmdbDecisionStore({ path, lanes: 1 });
    expect(() => store.byId('d-0-0')).toThrow('packed');
    await store.close();
  });

  it('finds transactions in runs, in memory, and in what memory lost', async () => {
    const path = folder();
    const idsPerRun = 700;
    let store = new LmdbDecisionStore({ path, lanes: 1, idsPerRun });
    const count = 5_000, batch = 300;
    const row = (offset: number): ReturnType<typeof decisionRowOf> => decisionRowOf(offset, { json: '{}', entities: [], rules: [] });
    for (let from = 0; from < count; from += batch) await store.write(0, [store.take(Array.from({ length: Math.min(batch, count - from) }, (_, index) => row(from + index)))]);
    const find = async (): Promise<Array<number | undefined>> => Promise.all([0, 1_234, idsPerRun, count - 1, count].map(async (offset) => (await store.byTransaction(`t${offset}`))?.offset));
    expect(await find()).toEqual([0, 1_234, idsPerRun, count - 1, undefined]);
    await store.close();
    store = new LmdbDecisionStore({ path, lanes: 1, idsPerRun });
    expect(await find()).toEqual([0, 1_234, idsPerRun, count - 1, undefined]);
    await store.close();
  });
});
