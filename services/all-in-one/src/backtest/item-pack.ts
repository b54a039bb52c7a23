import { isNumericType, type ControlItem, type EventItem, type FeatureLayout, type FeatureValue, type LaneItem, type LaneTime, type PatternMatch, type Value } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { Outcome } from '@weir/pipeline';

/** Columns of `numbers`, a row an event. */
const column = Object.freeze({ offset: 0, receivedAtMs: 1, timeMs: 2, reportedTimeMs: 3, eventReceivedAtMs: 4, time: 5, source: 6, flags: 7, width: 8, values: 9 });
const columns = 10;
const flag = Object.freeze({ decide: 1, late: 2 });
const noMatches: readonly PatternMatch[] = Object.freeze([]);
const noMarks: readonly string[] = Object.freeze([]);
const noNames: readonly string[] = Object.freeze([]);

/** What an item carries that most do not. */
interface Rarely { readonly row: number; readonly profiles: EventItem['profiles']; readonly positions: EventItem['positions']; readonly marks: readonly string[]; readonly backlog: number | undefined }
type Refusal = Exclude<Outcome, LaneItem>;

/**
 * A batch of outcomes behind the features as a few arrays, for another thread that goes on with them: numbers of all events in one block of memory, which
 * is handed over and not copied, texts side by side. What no later stage reads (undeclared fields, the reply address) stays behind.
 */
export interface ItemPack {
  readonly lane: number;
  /** Outcomes of the batch; events in the order of `numbers`, others by their place. */
  readonly count: number;
  readonly others: ReadonlyArray<{ readonly at: number; readonly time: number; readonly item: Omit<ControlItem, 'time'> | Refusal }>;
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly ids: readonly string[];
  readonly sources: readonly string[];
  readonly values: readonly Value[];
  readonly vectors: Float64Array<ArrayBuffer>;
  readonly statuses: Uint8Array<ArrayBuffer>;
  /** Values of the slots that are no numbers, event by event. */
  readonly texts: readonly (FeatureValue | undefined)[];
  readonly rarely: readonly Rarely[];
  readonly clocksMs: Float64Array<ArrayBuffer>;
  /** Watermark by time and source; NaN where the source has none. */
  readonly watermarksMs: Float64Array<ArrayBuffer>;
  readonly watermarkSources: readonly string[];
}

export const buffersOfItems = ({ numbers, vectors, statuses, clocksMs, watermarksMs }: ItemPack): ArrayBuffer[] => [numbers.buffer, vectors.buffer, statuses.buffer, clocksMs.buffer, watermarksMs.buffer];

const isRefusal = (outcome: Outcome): outcome is Refusal => outcome.kind === 'duplicate' || outcome.kind === 'conflict' || outcome.kind === 'quarantined';

export function packItems(lane: number, outcomes: readonly Outcome[]): ItemPack {
  const events = outcomes.filter((outcome): outcome is EventItem => outcome.kind === 'event');
  const times = new Times();
  const others: Array<ItemPack['others'][number]> = [];
  outcomes.forEach((outcome, at) => {
    if (outcome.kind === 'event') return;
    if (isRefusal(outcome)) { others.push({ at, time: -1, item: outcome }); return; }
    const { time, ...item } = outcome;
    others.push({ at, time: times.indexOf(time), item });
  });
  let vectorLength = 0;
  for (const { vector } of events) vectorLength += vector?.numbers.length ?? 0;
  const numbers = new Float64Array(events.length * columns), vectors = new Float64Array(vectorLength), statuses = new Uint8Array(vectorLength);
  const ids: string[] = [], values: Value[] = [], texts: (FeatureValue | undefined)[] = [], rarely: Rarely[] = [], sources: string[] = [];
  let at = 0, start = 0;
  events.forEach((item, row) => {
    const { event, vector } = item;
    let source = sources.indexOf(event.source);
    if (source < 0) source = sources.push(event.source) - 1;
    numbers[at + column.offset] = item.offset;
    numbers[at + column.receivedAtMs] = item.receivedAtMs;
    numbers[at + column.timeMs] = event.timeMs;
    numbers[at + column.reportedTimeMs] = event.reportedTimeMs;
    numbers[at + column.eventReceivedAtMs] = event.receivedAtMs;
    numbers[at + column.time] = times.indexOf(item.time);
    numbers[at + column.source] = source;
    numbers[at + column.flags] = (item.decide ? flag.decide : 0) | (item.late ? flag.late : 0);
    numbers[at + column.width] = vector === undefined ? -1 : vector.numbers.length;
    numbers[at + column.values] = event.values.length;
    at += columns;
    ids.push(event.id);
    for (const value of event.values) values.push(value);
    if (vector !== undefined) {
      vectors.set(vector.numbers, start);
      statuses.set(vector.statuses, start);
      start += vector.numbers.length;
      for (const slot of otherSlotsOf(vector.layout)) texts.push(vector.others[slot]);
    }
    if (item.profiles !== undefined || item.positions !== undefined || event.marks.length > 0 || item.backlog !== undefined) rarely.push({ row, profiles: item.profiles, positions: item.positions, marks: event.marks, backlog: item.backlog });
  });
  return { lane, count: outcomes.length, others, numbers, ids, sources, values, vectors, statuses, texts, rarely, ...times.taken() };
}

/** Unpacks batch after batch; layouts are those of the sets that came by. */
export class ItemUnpacker {
  private set: DefinitionSet | undefined;

  unpack(pack: ItemPack): Outcome[] {
    const times = timesOf(pack), outcomes: Outcome[] = [];
    const cursor: Cursor = { row: 0, value: 0, vector: 0, text: 0, rare: 0 };
    let other = 0;
    while (outcomes.length < pack.count) {
      const next = pack.others[other];
      if (next?.at !== outcomes.length) { outcomes.push(this.event(pack, cursor, times)); continue; }
      other += 1;
      if (isRefusal(next.item as Outcome)) { outcomes.push(next.item as Refusal); continue; } // told apart by its kind
      const item = { ...(next.item as Omit<ControlItem, 'time'>), time: times[next.time] as LaneTime };
      if (item.kind === 'definitions' && item.json !== undefined) this.set = resolveCanonicalSet(item.json);
      outcomes.push(item);
    }
    return outcomes;
  }

  private event(pack: ItemPack, cursor: Cursor, times: readonly LaneTime[]): EventItem {
    const at = cursor.row * columns, { numbers } = pack;
    const read = (which: number): number => numbers[at + which] as number;
    const source = pack.sources[read(column.source)] as string, width = read(column.width), flags = read(column.flags);
    const valueEnd = cursor.value + read(column.values);
    const rare = pack.rarely[cursor.rare]?.row === cursor.row ? pack.rarely[cursor.rare++] : undefined;
    const item: EventItem = {
      kind: 'event', lane: pack.lane, offset: read(column.offset), receivedAtMs: read(column.receivedAtMs), time: times[read(column.time)] as LaneTime,
      event: {
        source, id: pack.ids[cursor.row] as string, timeMs: read(column.timeMs), reportedTimeMs: read(column.reportedTimeMs), receivedAtMs: read(column.eventReceivedAtMs),
        values: pack.values.slice(cursor.value, valueEnd), marks: rare?.marks ?? noMarks, extra: undefined,
      },
      decide: (flags & flag.decide) !== 0, late: (flags & flag.late) !== 0, replyTo: undefined, backlog: rare?.backlog, vector: width < 0 ? undefined : this.vector(pack, cursor, { width, source }),
      profiles: rare?.profiles, positions: rare?.positions, matches: noMatches, patternsKeyed: noNames, verdict: undefined,
    };
    cursor.value = valueEnd;
    cursor.row += 1;
    return item;
  }

  private vector(pack: ItemPack, cursor: Cursor, { width, source }: { readonly width: number; readonly source: string }): EventItem['vector'] {
    const layout = this.set?.layoutBySource.get(source);
    if (layout === undefined) throw new RangeError(`a vector of ${source}, of which the set has no layout`);
    const others = new Array<FeatureValue | undefined>(width).fill(undefined);
    for (const slot of otherSlotsOf(layout)) others[slot] = pack.texts[cursor.text++];
    const from = cursor.vector, to = (cursor.vector += width);
    return { layout, numbers: pack.vectors.subarray(from, to), statuses: pack.statuses.subarray(from, to), others };
  }
}

interface Cursor { row: number; value: number; vector: number; text: number; rare: number }

const otherSlots = new WeakMap<FeatureLayout, readonly number[]>();
function otherSlotsOf(layout: FeatureLayout): readonly number[] {
  let slots = otherSlots.get(layout);
  if (slots === undefined) otherSlots.set(layout, (slots = layout.types.flatMap((type, slot) => (isNumericType(type) ? [] : [slot]))));
  return slots;
}

/** The different times of a batch; items between two changes share one, here and there. */
class Times {
  private readonly all: LaneTime[] = [];

  indexOf(time: LaneTime): number {
    const last = this.all.length - 1;
    return this.all[last] === time ? last : this.all.push(time) - 1;
  }

  taken(): Pick<ItemPack, 'clocksMs' | 'watermarksMs' | 'watermarkSources'> {
    const names = [...new Set(this.all.flatMap(({ watermarkMsBySource }) => [...watermarkMsBySource.keys()]))];
    const watermarksMs = new Float64Array(this.all.length * names.length);
    this.all.forEach(({ watermarkMsBySource }, index) => { names.forEach((name, slot) => { watermarksMs[index * names.length + slot] = watermarkMsBySource.get(name) ?? Number.NaN; }); });
    return { clocksMs: Float64Array.from(this.all, ({ clockMs }) => clockMs), watermarksMs, watermarkSources: names };
  }
}

function timesOf({ clocksMs, watermarksMs, watermarkSources: names }: ItemPack): LaneTime[] {
  return Array.from(clocksMs, (clockMs, index) => {
    const watermarkMsBySource = new Map<string, number>();
    names.forEach((name, slot) => {
      const watermarkMs = watermarksMs[index * names.length + slot] as number;
      if (!Number.isNaN(watermarkMs)) watermarkMsBySource.set(name, watermarkMs);
    });
    return { clockMs, watermarkMsBySource };
  });
}
