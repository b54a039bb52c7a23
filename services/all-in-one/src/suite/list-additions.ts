import type { ListChange } from '@weir/contracts';
import { encodeRawBody, type Sink, type TakenBatch } from '@weir/pipeline';
import type { EventLog, NewRecord } from '@weir/ports';
import { additionsOf } from '@weir/scoring';

/** Changes in one record at most. */
const changesPerRecordMax = 1_000;

/** Appends what a lane's decisions listed to all other lanes. May be called again with the same: a lane takes the first of each origin. */
export async function tellOtherLanes(log: EventLog, lane: number, additions: readonly ListChange[]): Promise<void> {
  const records: NewRecord[] = [];
  for (let from = 0; from < additions.length; ) {
    let until = Math.min(from + changesPerRecordMax, additions.length);
    while (until < additions.length && offsetOf(additions[until]) === offsetOf(additions[until - 1])) until++; // a decision's changes stay together
    records.push(encodeRawBody({ kind: 'list', changes: additions.slice(from, until) }));
    from = until;
  }
  if (records.length > 0) await Promise.all(Array.from({ length: log.lanes }, (_, other) => (other === lane ? undefined : log.append('transactions.raw', other, records))));
}

const offsetOf = (change: ListChange | undefined): number | undefined => (change?.op === 'put' ? change.origin?.offset : undefined);

/** For suites of several lanes. */
export class ListAdditionSink implements Sink<readonly ListChange[]> {
  readonly name = 'list-additions';
  constructor(private readonly log: EventLog, private readonly lane: number) {}

  take({ outcomes }: TakenBatch): readonly ListChange[] | undefined {
    const additions = additionsOf(outcomes);
    return additions.length === 0 ? undefined : additions;
  }

  write(taken: ReadonlyArray<readonly ListChange[]>): Promise<void> { return tellOtherLanes(this.log, this.lane, taken.flat()); }
}
