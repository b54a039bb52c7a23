import { simulate } from '@weir/simulator';

/** A transaction as it is sent, and as a line of the file that the run without faults decides. */
export interface SentEvent { readonly id: string; readonly json: string }

const customers = 2_000, terminals = 1_000, days = 3_650;
/** Of its own: every lane gets one of these, by chance, when so many are sent. */
const closingPerLane = 12;

/** Endless transactions from a seed, each with the time at which it is said to have come: so they mean the same live and in a file. */
export function* tortureEvents(seed: number | string): Generator<SentEvent, void, undefined> {
  for (const { event } of simulate({ days, customers, terminals, seed })) {
    yield { id: event.transaction_id, json: `${JSON.stringify(event).slice(0, -1)},"_received_at":${event.event_time}}` };
  }
}

export const closingPrefix = 'end-';

/** Transactions that end a run: whoever reads the topics has seen everything before them once these come. Of many cards, so that there is one in each lane. */
export function closingEvents(last: SentEvent, lanes: number): SentEvent[] {
  const event = JSON.parse(last.json) as Record<string, unknown>; // written above
  return Array.from({ length: lanes * closingPerLane }, (_, index) => {
    const id = `${closingPrefix}${index}`;
    return { id, json: JSON.stringify({ ...event, transaction_id: id, card_id: `${4_111_111_111_110_000 + index}` }) };
  });
}
