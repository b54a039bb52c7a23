import { type Backfill, isNumericType, type ControlItem, type EventItem, type FeatureLayout, type FeatureValue, type FeatureVector, type LaneItem, type LaneTime, type ListChange, type PatternMatch, type TableChange, type Value } from '@weir/contracts';
import { ProtoReader } from './proto-reader';
import { ProtoWriter } from './proto-writer';

/** Layout of the vectors of a source in the set in force; undefined for a source that it does not know. */
export type LayoutOf = (source: string) => FeatureLayout | undefined;

/** An item, and when the lane took its record. */
export interface ReadItem { readonly item: LaneItem; readonly appendedAtMs: number }

const kindCode = { event: 1, definitions: 2, list: 3, table: 4, tick: 5, skipped: 6 } as const;
const controlKinds: Readonly<Record<number, ControlItem['kind']>> = { 2: 'definitions', 3: 'list', 4: 'table', 5: 'tick', 6: 'skipped' };
const matchKinds: readonly PatternMatch['kind'][] = ['match', 'timeout', 'limit', 'late'];
const noMatches: readonly PatternMatch[] = Object.freeze([]);
const noNames: readonly string[] = Object.freeze([]);

/** What stands for a record that goes no further than ingest, so that the offsets of a lane have no gaps in any topic. */
export const passedOver: Uint8Array = new Uint8Array(0);

/**
 * Items of one lane as Protobuf (`lane_item.proto`) and back. What comes out is what went in, bit for bit; items between two changes of the lane's time share
 * its object again. One for each direction and lane.
 */
export class ItemCodec {
  private readonly writer = new ProtoWriter();
  private readonly reader = new ProtoReader();
  private readonly vectorReader = new ProtoReader();
  private time: LaneTime = { clockMs: -Infinity, watermarkMsBySource: new Map() };
  private source = '';
  private replyTo: string | undefined;
  private readonly otherSlots = new WeakMap<FeatureLayout, readonly number[]>();

  /** `appendedAtMs`: when the lane took the record, for what measures. */
  encode(item: LaneItem, appendedAtMs: number): Uint8Array {
    const { writer } = this;
    writer.uint(1, kindCode[item.kind]);
    writer.sint(2, item.receivedAtMs);
    if (item.time.clockMs !== -Infinity) writer.double(3, item.time.clockMs);
    for (const [source, ms] of item.time.watermarkMsBySource) {
      const start = writer.begin(4);
      writer.text(1, source);
      writer.double(2, ms);
      writer.end(start);
    }
    writer.sint(21, appendedAtMs);
    for (const match of item.matches) this.writeMatch(match);
    if (item.kind === 'event') this.writeEvent(item);
    else this.writeControl(item);
    return writer.take();
  }

  /** Undefined for what was passed over. @throws RangeError for bytes that are no item. */
  decode(origin: { readonly lane: number; readonly offset: number }, bytes: Uint8Array, layoutOf: LayoutOf): ReadItem | undefined {
    if (bytes.length === 0) return undefined;
    const { reader } = this;
    reader.over(bytes);
    let kind = 0, appendedAtMs = 0, receivedAtMs = 0, clockMs = -Infinity, id = '', timeMs = 0, reportedTimeMs = 0, decide = false, late = false, replyTo: string | undefined, backlog: number | undefined, source = '';
    let watermarks: Array<readonly [string, number]> | undefined, matches: PatternMatch[] | undefined, marks: string[] | undefined, keyed: string[] | undefined;
    let extra: EventItem['event']['extra'], vectorBytes: Uint8Array | undefined, profiles: EventItem['profiles'], positions: readonly number[] | undefined;
    let setId: string | undefined, json: string | undefined, backfill: string | undefined, changes: unknown;
    const values: Value[] = [];
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      switch (field) {
        case 1: kind = reader.uint(); break;
        case 2: receivedAtMs = reader.sint(); break;
        case 3: clockMs = reader.double(); break;
        case 4: (watermarks ??= []).push(this.readWatermark()); break;
        case 5: (matches ??= []).push(this.readMatch()); break;
        case 6: source = reader.text(); break;
        case 7: id = reader.text(); break;
        case 8: timeMs = reader.sint(); break;
        case 9: reportedTimeMs = reader.sint(); break;
        case 10: values.push(this.readValue()); break;
        case 11: (marks ??= []).push(reader.text()); break;
        case 12: extra = JSON.parse(reader.text()) as Readonly<Record<string, unknown>>; break;
        case 13: decide = reader.bool(); break;
        case 14: late = reader.bool(); break;
        case 15: replyTo = reader.text(); break;
        case 16: vectorBytes = reader.raw(); break;
        case 17: profiles = new Map(Object.entries(JSON.parse(reader.text()) as Record<string, Readonly<Record<string, Value>>>)); break;
        case 18: positions = reader.sints(); break;
        case 19: (keyed ??= []).push(reader.text()); break;
        case 21: appendedAtMs = reader.sint(); break;
        case 22: backlog = reader.uint(); break;
        case 32: setId = reader.text(); break;
        case 33: json = reader.text(); break;
        case 35: backfill = reader.text(); break;
        case 34: changes = JSON.parse(reader.text()); break;
        default: reader.skip();
      }
    }
    const base = { lane: origin.lane, offset: origin.offset, receivedAtMs, time: this.sharedTime(clockMs, watermarks ?? []) };
    if (kind === kindCode.event) {
      this.source = source = source === this.source ? this.source : source;
      this.replyTo = replyTo = replyTo === this.replyTo ? this.replyTo : replyTo;
      return { appendedAtMs, item: {
        kind: 'event', ...base, event: { source, id, timeMs, reportedTimeMs, receivedAtMs, values, marks: marks ?? noNames, extra }, decide, late, replyTo, backlog,
        vector: vectorBytes === undefined ? undefined : this.readVector(vectorBytes, source, layoutOf), profiles, positions, matches: matches ?? noMatches, patternsKeyed: keyed ?? noNames, verdict: undefined,
      } };
    }
    const controlKind = controlKinds[kind];
    if (controlKind === undefined) throw new RangeError(`an item of the unknown kind ${kind}`);
    return { appendedAtMs, item: {
      kind: controlKind, ...base, matches: matches ?? noMatches, ...(setId === undefined ? {} : { setId }), ...(json === undefined ? {} : { json }), ...(backfill === undefined ? {} : { backfill: JSON.parse(backfill) as Backfill }),
      ...(controlKind === 'list' ? { listChanges: changes as readonly ListChange[] } : {}), ...(controlKind === 'table' ? { tableChanges: changes as readonly TableChange[] } : {}), // written by writeControl alone
    } };
  }

  private writeEvent(item: EventItem): void {
    const { writer } = this, { event, vector } = item;
    writer.text(6, event.source);
    writer.text(7, event.id);
    writer.sint(8, event.timeMs);
    writer.sint(9, event.reportedTimeMs);
    for (const value of event.values) this.writeValue(value);
    for (const mark of event.marks) writer.text(11, mark);
    if (event.extra !== undefined) writer.text(12, JSON.stringify(event.extra));
    writer.bool(13, item.decide);
    writer.bool(14, item.late);
    if (item.replyTo !== undefined) writer.text(15, item.replyTo);
    if (item.backlog !== undefined) writer.uint(22, item.backlog);
    if (vector !== undefined) this.writeVector(vector);
    if (item.profiles !== undefined) writer.text(17, JSON.stringify(Object.fromEntries(item.profiles)));
    if (item.positions !== undefined) writer.sints(18, item.positions);
    for (const pattern of item.patternsKeyed) writer.text(19, pattern);
  }

  private writeControl(item: ControlItem): void {
    const { writer } = this;
    if (item.setId !== undefined) writer.text(32, item.setId);
    if (item.json !== undefined) writer.text(33, item.json);
    const changes = item.listChanges ?? item.tableChanges;
    if (changes !== undefined) writer.text(34, JSON.stringify(changes));
    if (item.backfill !== undefined) writer.text(35, JSON.stringify(item.backfill));
  }

  private writeValue(value: Value): void {
    const { writer } = this;
    const start = writer.begin(10);
    if (typeof value === 'string') writer.text(1, value);
    else if (typeof value === 'number') {
      if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) writer.uint(3, value);
      else writer.double(2, value);
    } else if (value !== null) writer.uint(4, value ? 1 : 0);
    writer.end(start);
  }

  private readValue(): Value {
    const { reader } = this, outer = reader.enter();
    let value: Value = null;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) value = reader.text();
      else if (field === 2) value = reader.double();
      else if (field === 3) value = reader.uint();
      else if (field === 4) value = reader.bool();
      else reader.skip();
    }
    reader.leave(outer);
    return value;
  }

  private writeVector({ layout, numbers, others, statuses }: FeatureVector): void {
    const { writer } = this;
    const start = writer.begin(16);
    writer.doubles(1, numbers);
    writer.raw(2, statuses);
    const slots = this.othersOf(layout);
    if (slots.length > 0) writer.text(3, JSON.stringify(slots.map((slot) => others[slot] ?? null)));
    writer.end(start);
  }

  /** Read apart from the item, for the layout is known by its source. */
  private readVector(bytes: Uint8Array, source: string, layoutOf: LayoutOf): FeatureVector {
    const layout = layoutOf(source);
    if (layout === undefined) throw new RangeError(`a vector of the source ${source}, which the set in force does not know`);
    const reader = this.vectorReader.over(bytes);
    const count = layout.names.length;
    let numbers: Float64Array = new Float64Array(0), statuses: Uint8Array = new Uint8Array(0);
    const others: (FeatureValue | undefined)[] = new Array<FeatureValue | undefined>(count).fill(undefined);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) numbers = reader.doubles();
      else if (field === 2) statuses = new Uint8Array(reader.raw());
      else if (field === 3) {
        const given = JSON.parse(reader.text()) as FeatureValue[]; // written by writeVector alone
        this.othersOf(layout).forEach((slot, index) => { others[slot] = given[index] ?? undefined; });
      } else reader.skip();
    }
    if (numbers.length !== count || statuses.length !== count) throw new RangeError(`a vector of ${numbers.length} features where the set in force has ${count}`);
    return { layout, numbers, others, statuses };
  }

  private othersOf(layout: FeatureLayout): readonly number[] {
    let slots = this.otherSlots.get(layout);
    if (slots === undefined) this.otherSlots.set(layout, (slots = layout.types.flatMap((type, slot) => (isNumericType(type) ? [] : [slot]))));
    return slots;
  }

  private writeMatch(match: PatternMatch): void {
    const { writer } = this;
    const start = writer.begin(5);
    writer.text(1, match.pattern);
    writer.uint(2, match.version);
    writer.bool(3, match.mode === 'shadow');
    writer.uint(4, matchKinds.indexOf(match.kind));
    writer.text(5, match.key);
    writer.text(6, JSON.stringify(match.events));
    writer.double(7, match.firstTimeMs);
    writer.double(8, match.lastTimeMs);
    writer.bool(9, match.byEvent);
    if (match.limit !== undefined) {
      writer.text(10, match.limit.name);
      writer.double(11, match.limit.max);
      writer.double(12, match.limit.dropped);
    }
    if (match.lateByMs !== undefined) writer.double(13, match.lateByMs);
    writer.end(start);
  }

  private readMatch(): PatternMatch {
    const { reader } = this, outer = reader.enter();
    let pattern = '', version = 0, shadow = false, kind = 0, key = '', events: PatternMatch['events'] = {}, firstTimeMs = 0, lastTimeMs = 0, byEvent = false, name = '', max = 0, dropped = 0, lateByMs = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      switch (field) {
        case 1: pattern = reader.text(); break;
        case 2: version = reader.uint(); break;
        case 3: shadow = reader.bool(); break;
        case 4: kind = reader.uint(); break;
        case 5: key = reader.text(); break;
        case 6: events = JSON.parse(reader.text()) as PatternMatch['events']; break; // written by writeMatch alone
        case 7: firstTimeMs = reader.double(); break;
        case 8: lastTimeMs = reader.double(); break;
        case 9: byEvent = reader.bool(); break;
        case 10: name = reader.text(); break;
        case 11: max = reader.double(); break;
        case 12: dropped = reader.double(); break;
        case 13: lateByMs = reader.double(); break;
        default: reader.skip();
      }
    }
    reader.leave(outer);
    const match: PatternMatch = { pattern, version, mode: shadow ? 'shadow' : 'live', kind: matchKinds[kind] ?? 'match', key, events, firstTimeMs, lastTimeMs, byEvent };
    return match.kind === 'limit' && name !== '' ? { ...match, limit: { name, max, dropped } } : match.kind === 'late' ? { ...match, lateByMs } : match;
  }

  private readWatermark(): readonly [string, number] {
    const { reader } = this, outer = reader.enter();
    let source = '', ms = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) source = reader.text();
      else if (field === 2) ms = reader.double();
      else reader.skip();
    }
    reader.leave(outer);
    return [source, ms];
  }

  private sharedTime(clockMs: number, watermarks: ReadonlyArray<readonly [string, number]>): LaneTime {
    const known = this.time;
    if (known.clockMs === clockMs && known.watermarkMsBySource.size === watermarks.length && watermarks.every(([source, ms]) => known.watermarkMsBySource.get(source) === ms)) return known;
    return (this.time = { clockMs, watermarkMsBySource: new Map(watermarks) });
  }
}
