import { entityKey, type Backfill, type ListChange } from '@weir/contracts';
import { labelsSourceName, resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import { rawHeaders } from '@weir/pipeline';
import type { EventLog, LogRecord } from '@weir/ports';
import { recordsBefore } from '../replay/shard-replica';
import { laneOf, partitionKeyOf, scalar } from '../suite/lane-choice';

/** Says of a record in a new lane which record of the lanes before it is: `lane-offset`. */
export const wasHeader = 'weir-was';

/** A record with the lane it stood in. */
export interface Placed { readonly lane: number; readonly record: LogRecord }

/** Records read from a lane at a time. */
const readMax = 2_048;

/** All lanes up to `ends` as one log: by the time of append, then by lane; within a lane in its order. */
export async function* merged(log: Pick<EventLog, 'read'>, ends: readonly number[]): AsyncGenerator<Placed, void, undefined> {
  const heads = ends.map((end, lane) => ({ lane, end, next: 0, records: [] as readonly LogRecord[], at: 0 }));
  const fill = async (head: (typeof heads)[number]): Promise<void> => {
    if (head.at < head.records.length || head.next >= head.end) return;
    head.records = recordsBefore(await log.read('transactions.raw', head.lane, head.next, readMax), head.end);
    head.at = 0;
    head.next = (head.records.at(-1)?.offset ?? head.end) + 1;
  };
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      await fill(head);
      const record = head.records[head.at];
      if (record !== undefined && (first === undefined || record.appendedAtMs < (first.records[first.at]?.appendedAtMs ?? Infinity))) first = head;
    }
    const record = first?.records[first.at];
    if (first === undefined || record === undefined) return;
    first.at += 1;
    yield { lane: first.lane, record };
  }
}

/**
 * Says in which new lanes a record stands: an event by the key its source is partitioned by, under the set in force (a label by that of its transaction); what every lane has
 * had (definitions, lists, tables, ticks) in each of them, once. What decisions listed is left out: they are taken again, and list it again.
 */
export class LaneSplit {
  private set: DefinitionSet | undefined;

  constructor(private readonly lanes: number) {}

  /** New lanes of the record. */
  targets({ lane, record }: Placed): readonly number[] {
    const { headers, value } = record, kind = headers[rawHeaders.kind] ?? 'event';
    if (kind === 'event') return [laneOf(this.keyOf(record), this.lanes)];
    if (lane !== 0 || (kind === 'list' && isOfDecision(value))) return [];
    if (kind === 'definitions') this.set = resolveCanonicalSet(textOf(value));
    return Array.from({ length: this.lanes }, (_, each) => each);
  }

  private keyOf({ headers, value }: LogRecord): string | undefined {
    if (this.set === undefined) return undefined;
    try {
      const event: unknown = JSON.parse(textOf(value));
      if (typeof event !== 'object' || event === null) return undefined;
      const source = headers[rawHeaders.source] ?? '', fields = event as Readonly<Record<string, unknown>>;
      return source === labelsSourceName ? this.keyOfLabel(fields) : partitionKeyOf(fields, source, this.set);
    } catch { return undefined; } // ingest quarantines it, wherever it stands
  }

  /** A label brings the fields of its transaction, by their own names. */
  private keyOfLabel(fields: Readonly<Record<string, unknown>>): string | undefined {
    for (const { decide, partitionBy } of this.set?.sources.values() ?? []) {
      const entity = decide && partitionBy !== null ? this.set?.entities.get(partitionBy) : undefined;
      const key = entity && entityKey(entity.keys.map((field) => scalar(fields[field])));
      if (key !== undefined && key !== null) return key;
    }
    return undefined;
  }
}

/** A record as it stands in a new lane. `begunAt`: where a view that began at a record of the lanes before begins there. */
export function moved({ lane, record }: Placed, begunAt: (offset: number) => number): LogRecord {
  const headers: Record<string, string> = { ...record.headers, [wasHeader]: `${lane}-${record.offset}` }, backfill = headers[rawHeaders.backfill];
  delete headers[rawHeaders.replyTo]; // nobody waits
  if (backfill !== undefined) {
    const { id, views } = JSON.parse(backfill) as Backfill; // written by encodeRawBody
    headers[rawHeaders.backfill] = JSON.stringify({ id, views: views.map((view) => ({ ...view, afterOffset: view.afterOffset < 0 ? -1 : begunAt(view.afterOffset) })) } satisfies Backfill);
  }
  return { ...record, headers };
}

function isOfDecision(value: Uint8Array): boolean {
  const [first] = JSON.parse(textOf(value)) as readonly ListChange[]; // written by encodeRawBody
  return first?.op === 'put' && first.origin !== undefined;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
