import type { ControlItem, EventItem, LaneItem, LaneTime, TableChange, Value } from '@weir/contracts';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';
import type { StageState } from '@weir/pipeline';

/** A set of definitions from documents as JSON. */
export const setOf = (...documents: readonly object[]): DefinitionSet => resolveSet(documentsFromJson(documents));

/** Records of one lane as ingest would hand them on: offsets and watermarks follow from what came before. */
export class TestLane {
  private offset = 0;
  private readonly newestBySource = new Map<string, number>();
  private time: LaneTime = { clockMs: -Infinity, watermarkMsBySource: new Map() };

  constructor(readonly lane = 0) {}

  event(set: DefinitionSet, values: Readonly<Record<string, Value>>, sourceName = 'transactions'): EventItem {
    const source = set.sources.get(sourceName);
    if (source === undefined) throw new RangeError(`no source ${sourceName}`);
    const timeMs = Number(values[source.time]);
    this.newestBySource.set(sourceName, Math.max(this.newestBySource.get(sourceName) ?? -Infinity, timeMs));
    this.time = { clockMs: timeMs, watermarkMsBySource: new Map([...this.newestBySource].map(([name, newestMs]) => [name, newestMs - 5_000])) };
    return {
      kind: 'event', lane: this.lane, offset: this.offset++, receivedAtMs: timeMs, time: this.time, decide: source.decide, late: false, replyTo: undefined, vector: undefined, profiles: undefined, positions: undefined,
      matches: [], patternsKeyed: [], verdict: undefined,
      event: { source: sourceName, id: String(values[source.id] ?? this.offset), timeMs, reportedTimeMs: timeMs, receivedAtMs: timeMs, values: source.fields.map((field) => values[field.name] ?? null), marks: [], extra: undefined },
    };
  }

  definitions(set: DefinitionSet): ControlItem { return this.control({ kind: 'definitions', setId: set.id, json: set.canonicalJson }); }
  table(...tableChanges: readonly TableChange[]): ControlItem { return this.control({ kind: 'table', tableChanges }); }

  private control(body: Pick<ControlItem, 'kind' | 'setId' | 'json' | 'tableChanges'>): ControlItem {
    return { ...body, lane: this.lane, offset: this.offset++, receivedAtMs: this.time.clockMs, time: this.time, matches: [] };
  }
}

/** A store in memory that a stage writes to and is restored from. */
export class MemoryState implements StageState {
  readonly values = new Map<string, Uint8Array>();
  get(key: string): Uint8Array | undefined { return this.values.get(key); }
  *scan(prefix: string): Iterable<readonly [string, Uint8Array]> { for (const entry of this.values) if (entry[0].startsWith(prefix)) yield entry; }
  take(changes: Iterable<readonly [string, Uint8Array | undefined]>): void {
    for (const [key, value] of changes) {
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, value);
    }
  }
}

export const isEvent = (item: LaneItem | undefined): item is EventItem => item?.kind === 'event';
