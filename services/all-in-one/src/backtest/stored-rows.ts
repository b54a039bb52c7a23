import { setImmediate as nextTurn } from 'node:timers/promises';
import { decisionId } from '@weir/contracts';
import type { DecisionStore } from '@weir/ports';
import type { ReadStored } from './stored-comparison';

/** Decisions read before whatever else the thread does has its turn. */
const rowsPerTurnMax = 128;
/** Pages of one look; what is not found by then is asked for one by one. */
const pagesMax = 256;

/**
 * Reads the stored decisions of a lane by offset: first those of the stretch of event time, which lie together in the store, then what is missing
 * one by one.
 */
export function storedRowsOf(store: DecisionStore, lane: number): ReadStored {
  return async ({ offsets, fromMs, toMs }) => {
    const wanted = new Set(offsets), jsonByOffset = new Map<number, string>();
    let cursor: string | undefined;
    for (let page = 0; page < pagesMax && jsonByOffset.size < wanted.size && fromMs <= toMs; page += 1) {
      const { items, next } = await store.search({ fromMs, toMs: toMs + 1, limit: rowsPerTurnMax, cursor });
      for (const row of items) if (row.lane === lane && wanted.has(row.offset)) jsonByOffset.set(row.offset, row.json);
      await nextTurn();
      if (next === null) break;
      cursor = next;
    }
    const rows: (string | undefined)[] = [];
    for (const offset of offsets) rows.push(jsonByOffset.get(offset) ?? (await store.byId(decisionId({ lane, offset })))?.json);
    return rows;
  };
}
