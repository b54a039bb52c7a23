import { decisionId } from '@weir/contracts';
import type { DecisionStore } from '@weir/ports';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadStored } from './stored-comparison';

/** Decisions read before whatever else the thread does has its turn. */
const rowsPerTurnMax = 64;

/** Reads the stored decisions of a lane by offset. */
export function storedRowsOf(store: DecisionStore, lane: number): ReadStored {
  return async (offsets) => {
    const rows: (string | undefined)[] = [];
    for (const offset of offsets) {
      rows.push((await store.byId(decisionId({ lane, offset })))?.json);
      if (rows.length % rowsPerTurnMax === 0) await nextTurn();
    }
    return rows;
  };
}
