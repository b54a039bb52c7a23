import type { StreamEvent, TableChange, Value } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import { compileFeatures, type SweptEvent } from '@weir/features';
import { IngestStage } from '@weir/ingest';
import { runOffline } from '@weir/pipeline';
import type { LaneSource } from './lane-source';

type Row = Readonly<Record<string, Value>>;

/** Events that ingest accepts, lane after lane in the order of the log, numbered through, with the profile rows in force at their place. */
export async function* acceptedEvents(source: LaneSource, progress?: (records: number) => void): AsyncGenerator<SweptEvent, void, undefined> {
  const plan = compileFeatures(source.set);
  let order = 0, before = 0;
  for (const lane of source.lanes) {
    const tables = new TableRows(), ingest = { ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [] };
    let last = 0;
    for await (const { outcomes } of runOffline(ingest, source.records(lane, (records) => { last = records; progress?.(before + records); }))) {
      for (const outcome of outcomes) {
        if (outcome.kind === 'table') for (const change of outcome.tableChanges ?? []) tables.apply(change);
        if (outcome.kind === 'event') yield { event: outcome.event, order: order++, profiles: tables.of(outcome.event, plan.bySource.get(outcome.event.source)?.tables ?? []) };
      }
    }
    before += last;
  }
}

/** Rows of profile tables as in force at a place in the lane. A change older than what is there (by the source's own version) is ignored. */
class TableRows {
  private readonly rows = new Map<string, { readonly row: Row | undefined; readonly version: number | null }>();

  apply({ table, key, version, ...change }: TableChange): void {
    const place = `${table}/${key}`, known = this.rows.get(place);
    if (known !== undefined && known.version !== null && version !== null && version < known.version) return;
    this.rows.set(place, { row: change.op === 'put' ? change.row : undefined, version });
  }

  of(event: StreamEvent, tables: ReadonlyArray<{ readonly table: string; readonly slot: number }>): SweptEvent['profiles'] {
    let profiles: Map<string, Row> | undefined;
    for (const { table, slot } of tables) {
      const key = event.values[slot] ?? null, row = key === null ? undefined : this.rows.get(`${table}/${String(key)}`)?.row;
      if (row !== undefined) (profiles ??= new Map()).set(table, row);
    }
    return profiles;
  }
}

/** An event as text and back, for files of our own. */
export const encodeSwept = ({ event, order, profiles }: SweptEvent): string => JSON.stringify([order, event, profiles === undefined ? null : [...profiles]]);
export function decodeSwept(text: string): SweptEvent {
  const [order, event, profiles] = JSON.parse(text) as [number, StreamEvent, Array<[string, Row]> | null]; // written by encodeSwept alone
  return { order, event: { ...event, extra: event.extra }, profiles: profiles === null ? undefined : new Map(profiles) };
}
