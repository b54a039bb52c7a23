import { Clock } from '@weir/ports';
import { eventLogContract, onlineStoreContract } from '@weir/ports/testing';
import { MemoryEventLog, MemoryOnlineStore } from './index';

class SetClock extends Clock {
  now = 0;
  override nowMs(): number { return this.now; }
}

describe('Memory', () => {
  eventLogContract(() => {
    const clock = new SetClock();
    return Promise.resolve({ log: new MemoryEventLog({ lanes: 2, clock }), setClock: (nowMs) => { clock.now = nowMs; } });
  });
  onlineStoreContract(() => Promise.resolve({ store: new MemoryOnlineStore() }));

  it('refuses more records than it may hold, and takes none of the batch', async () => {
    const log = new MemoryEventLog({ clock: new SetClock(), recordsMax: 2 });
    const record = { key: null, headers: {}, value: new Uint8Array(0) };
    await log.append('transactions.raw', 0, [record]);
    await expect(log.append('transactions.raw', 0, [record, record])).rejects.toMatchObject({ code: 'WEIR_LIMIT_REACHED' });
    expect(await log.bounds('transactions.raw', 0)).toEqual({ first: 0, next: 1 });
  });
});
