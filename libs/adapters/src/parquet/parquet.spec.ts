import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryRecord } from '@weir/ports';
import { offlineStoreContract } from '@weir/ports/testing';
import { ParquetOfflineStore } from './index';

describe('Parquet', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'weir-parquet-'));
    folders.push(path);
    return path;
  };
  afterAll(() => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

  offlineStoreContract(() => {
    const path = folder(), store = new ParquetOfflineStore({ path });
    return Promise.resolve({
      store,
      reopen: async () => {
        await store.close();
        return new ParquetOfflineStore({ path });
      },
    });
  });

  it.each([['as they are', 4_200], ['written anew', 300]])('joins row groups %s', async (_how, perFile) => {
    const store = new ParquetOfflineStore({ path: folder() });
    const recordOf = (offset: number): HistoryRecord => ({
      lane: 2, offset, appendedAtMs: 1_735_689_600_000 + offset, key: null, headers: { n: String(offset % 3) }, value: Buffer.from(`{"n":${offset}}`), kind: 'event', outcome: 'accepted', source: 's', id: `t${offset}`,
      eventTimeMs: 1_735_689_600_000 - offset, receivedAtMs: 5, reason: null, field: null, entities: [`card:c${offset % 7}`],
    });
    for (let file = 0; file < 3; file++) {
      await store.append({ lane: 2, decisions: [], records: Array.from({ length: perFile }, (_, index) => recordOf(file * perFile + index)) });
      await store.flush();
      if (file > 0) expect(await store.compact()).toBe(1); // with what was joined before, too
    }
    let next = 0;
    for await (const { value, ...record } of store.scan(2, 0)) {
      const { value: wanted, ...rest } = recordOf(next++);
      if (JSON.stringify(record) !== JSON.stringify(rest) || Buffer.compare(value, wanted) !== 0) expect(record).toEqual(rest);
    }
    expect([next, store.lanes()[0]?.files]).toEqual([3 * perFile, 1]);
    await store.close();
  });

  it('clears away what a crash left half written', () => {
    const path = folder();
    writeFileSync(join(path, 'writing-1-0.tmp'), 'half');
    expect(new ParquetOfflineStore({ path })).toBeDefined();
    expect(readdirSync(path)).toEqual(['layouts']);
  });
});
