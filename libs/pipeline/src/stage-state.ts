import { isSyncStore, type OnlineStore, type SyncOnlineStore } from '@weir/ports';
import type { StageState } from './stage';

/** A state with nothing in it: where a file or a new lane starts. */
export const emptyState: StageState = Object.freeze({ get: () => undefined, scan: () => [] });

/** The state of a lane in a store of this process, read as it is asked for. */
export const lazyState = (store: SyncOnlineStore, lane: number): StageState => ({
  get: (key) => store.readSync(lane, [key])[0],
  scan: (prefix) => store.scanSync(lane, prefix),
});

/** The state of a lane in a distant store, read whole: for stages that are restored once and keep what they need. */
export async function loadState(store: OnlineStore, lane: number, prefix: string): Promise<StageState> {
  const values = new Map<string, Uint8Array>();
  for await (const [key, value] of store.scan(lane, prefix)) values.set(key, value);
  return {
    get: (key) => values.get(key),
    *scan(wanted) {
      for (const entry of values) if (entry[0].startsWith(wanted)) yield entry;
    },
  };
}

/** The state of a lane, wherever its store is. */
export const laneState = (store: OnlineStore, lane: number): Promise<StageState> => (isSyncStore(store) ? Promise.resolve(lazyState(store, lane)) : loadState(store, lane, ''));
