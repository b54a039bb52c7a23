import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clock } from '@weir/ports';
import { eventLogContract, onlineStoreContract } from '@weir/ports/testing';
import { LmdbEventLog, LmdbOnlineStore } from './index';

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
});
