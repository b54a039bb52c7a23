import type { StageState } from '@weir/pipeline';
import { idsPerChunk } from './id-chunk';
import { duplicateMs, RememberedIds } from './remembered-ids';
import { seeded } from './testing/sample-lane';

class Store implements StageState {
  readonly values = new Map<string, Uint8Array>();
  take(ids: RememberedIds): void {
    for (const [key, value] of ids.takeChanges()) if (value === undefined) this.values.delete(key); else this.values.set(key, value.slice());
  }
  get(key: string): Uint8Array | undefined { return this.values.get(key); }
  scan(prefix: string): Iterable<readonly [string, Uint8Array]> { return [...this.values].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)); }
}

describe('Remembered ids', () => {
  it.each([11, 12, 13])('agree with a map that forgets nothing, through checkpoints, restarts and chunks that left memory (seed %d)', (seed) => {
    const random = seeded(seed), store = new Store(), byId = new Map<string, { offset: number; receivedAtMs: number }>();
    let ids = new RememberedIds('ids/', 2);
    ids.restore(store);
    for (let offset = 0; offset < 12_000; offset++) {
      const nowMs = offset * 20_000, id = `t${Math.floor(random() * 9_000)}`, known = byId.get(id);
      const expected = known !== undefined && nowMs - known.receivedAtMs < duplicateMs ? known.offset : undefined;
      expect([seed, offset, ids.find(id, nowMs)?.offset]).toEqual([seed, offset, expected]);
      if (expected === undefined) {
        ids.add(id, offset, { receivedAtMs: nowMs, timeMs: nowMs });
        ids.forget(nowMs - 60_000);
        byId.set(id, { offset, receivedAtMs: nowMs });
      }
      if (offset % 500 === 0) store.take(ids);
      if (offset % 2_900 === 2_899) {
        store.take(ids);
        ids = new RememberedIds('ids/', 2);
        ids.restore(store);
      }
    }
    expect(ids.count).toBeLessThan(12_000);
  });

  it('forget a full chunk when a day has passed and none of its events could be accepted any more, and not before', () => {
    const fill = (): RememberedIds => {
      const ids = new RememberedIds('ids/');
      for (let index = 0; index <= idsPerChunk; index++) ids.add(`t${index}`, index, { receivedAtMs: index === idsPerChunk ? duplicateMs : 0, timeMs: 0 });
      return ids;
    };
    const early = fill(), due = fill();
    early.forget(duplicateMs - 1);
    due.forget(duplicateMs);
    expect([early.find('t5', 0)?.offset, due.find('t5', 0)?.offset, due.count]).toEqual([5, undefined, 1]);
  });

  it('tell whether what went with the id is the same', () => {
    const ids = new RememberedIds('keys/');
    ids.add('k', 7, { receivedAtMs: 0, timeMs: 0 }, 'ffffffff00000001aa');
    expect([ids.find('k', 1, 'ffffffff00000001bb'), ids.find('k', 1, 'ffffffff00000002'), ids.find('k', 1, '')]).toEqual([{ offset: 7, sameTag: true }, { offset: 7, sameTag: false }, { offset: 7, sameTag: false }]);
  });

  it('hold large offsets and times before 1970', () => {
    const ids = new RememberedIds('ids/');
    ids.add('t', 2 ** 45 + 3, { receivedAtMs: -5_000_000_000, timeMs: -5_000_000_000 });
    expect([ids.find('t', -5_000_000_000 + duplicateMs - 1)?.offset, ids.find('t', -5_000_000_000 + duplicateMs)]).toEqual([2 ** 45 + 3, undefined]);
  });
});
