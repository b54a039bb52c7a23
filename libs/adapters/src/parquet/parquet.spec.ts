import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('clears away what a crash left half written', () => {
    const path = folder();
    writeFileSync(join(path, 'writing-1-0.tmp'), 'half');
    expect(new ParquetOfflineStore({ path })).toBeDefined();
    expect(readdirSync(path)).toEqual(['layouts']);
  });
});
