import type { Verdict } from '@weir/contracts';
import { canonicalJson } from '@weir/definitions';
import type { DecisionRow, DecisionStore } from '@weir/ports';
import { verdictJson } from '@weir/rules';
import { decodeDecision } from './decision-rows';

/** Decisions read before the rest of the process has its turn. */
const rowsPerTurnMax = 128;

/** Every verdict that is durable now, as lines of canonical JSON, lane by lane in lane order; in blocks of whole lines. */
export async function* verdictLines(store: DecisionStore, lanes: number): AsyncGenerator<string, void, undefined> {
  for (let lane = 0; lane < lanes; lane += 1) {
    const last = await store.position(lane);
    for (let from = 0; from <= last; ) {
      const rows = await store.range(lane, from, rowsPerTurnMax);
      from = (rows.at(-1)?.offset ?? last) + 1;
      if (rows.length > 0) yield rows.map((row) => `${verdictLineOf(row)}\n`).join('');
      await new Promise((resume) => { setImmediate(resume); });
    }
  }
}

/** A stored row's verdict in canonical JSON; of a packed one without the text in between. */
export function verdictLineOf(row: DecisionRow): string {
  const { packed } = row;
  return packed === undefined ? verdictLine(row.json) : verdictJson(decodeDecision(packed.layout(), packed.bytes).verdict);
}

/** What the canonical form has and a stored record leaves out when there is none. */
const absent: Pick<Verdict, 'marks' | 'snoozed' | 'lists_read' | 'explored' | 'source'> = { marks: [], snoozed: [], lists_read: [], explored: false, source: '' };

/** The verdict of a stored record as `verdictJson` prints it: without the envelope, its time in ms. */
export function verdictLine(json: string): string {
  const { meta: _meta, ...record } = JSON.parse(json) as Record<string, unknown>; // written by decisionRow alone
  return canonicalJson({ ...absent, ...record, event_time: Date.parse(String(record['event_time'])) });
}
