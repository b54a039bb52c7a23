import { entityKey, eventKey, type FeatureLayout, type FeatureVector, type StreamEvent, type Value } from '@weir/contracts';
import { emptyFrame, layoutOf, type DefinitionSet } from '@weir/definitions';
import { KeyedState, type RawRows } from '@weir/windows';
import { FeatureEngine } from './feature-engine';
import { compileFeatures, type FeaturePlan } from './feature-plan';
import type { ViewPlan } from './view-plan';
import { ViewReader, newVector } from './view-reader';

/** A read: the key fields that are there, and when. */
export interface PointInTimeRow {
  /** Key fields by name; a view is answered when all fields of its key are there, null included. */
  readonly keys: Readonly<Record<string, Value | undefined>>;
  /** Used when the row belongs to no event. */
  readonly timeMs: number;
  /** Position of the row's event among the events; -1 for none. */
  readonly eventIndex: number;
}

export interface PointInTimeOptions {
  /** Ignores what was received after the row's time; the row's own event always counts. */
  readonly asKnown: boolean;
  /** A row of an event sees what its decision saw: what stood before it in the log. Other rows are then read as known. */
  readonly asDecided: boolean;
  /** Profile rows in force at an event, for views whose conditions ask for them. */
  readonly profilesOf?: (eventIndex: number) => ReadonlyMap<string, Readonly<Record<string, Value>>> | undefined;
}

/** One answer: `vector` is used again for the next row, so copy what is kept. `views` are those the row has the key of. */
export interface PointInTimeAnswer {
  readonly rowIndex: number;
  readonly vector: FeatureVector;
  readonly views: readonly ViewReader[];
}

/** All views of a set, one after the other: what rows are answered in. */
export const pointInTimeLayout = (set: DefinitionSet): FeatureLayout => layoutOf([...set.views.values()]);

/**
 * Values at each row's time, from the events in the order of the log, by the kernel that serves decisions. The events are swept once in
 * the order in which rows see them; only keys that rows ask for are kept. Answers come in the order of the sweep, each with its row's
 * index. Cost: sorting both sides, then one pass.
 */
export function pointInTime(set: DefinitionSet, events: readonly StreamEvent[], rows: readonly PointInTimeRow[], options: PointInTimeOptions, emit: (answer: PointInTimeAnswer) => void): void {
  const plan = compileFeatures(set);
  const sweep = new Sweep(plan, events, rows, options, emit);
  if (!options.asDecided) {
    sweepByTime(sweep, allIndexes(rows.length), options.asKnown);
    return;
  }
  const ofEvents = allIndexes(rows.length).filter((index) => (rows[index]?.eventIndex ?? -1) >= 0);
  const plain = allIndexes(rows.length).filter((index) => (rows[index]?.eventIndex ?? -1) < 0);
  if (ofEvents.length > 0) sweepByLog(sweep, ofEvents);
  if (plain.length === 0) return;
  sweep.forget();
  sweepByTime(sweep, plain, true);
}

const allIndexes = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

/**
 * Events in the order in which they can be seen (of their time, or as known of time and receipt, whichever is later), each row after all
 * it may see. At one moment: first what happened before it, then by log, a row of an event right behind it, other rows last.
 */
function sweepByTime(sweep: Sweep, rowIndexes: Uint32Array, asKnown: boolean): void {
  const { events } = sweep;
  const seenAtMs = Float64Array.from(events, (event) => (asKnown ? Math.max(event.timeMs, event.receivedAtMs) : event.timeMs));
  const lagMs = seenAtMs.reduce((most, seenMs, index) => Math.max(most, seenMs - (events[index] as StreamEvent).timeMs), 0);
  const rank = (index: number): number => ((events[index] as StreamEvent).timeMs === seenAtMs[index] ? 1 : 0);
  const order = indexesByTime(allIndexes(events.length), (index) => seenAtMs[index] as number, (a, b) => rank(a) - rank(b) || a - b);
  const rowRank = (index: number): number => { const own = sweep.eventOf(index); return own < 0 ? Infinity : own; };
  const sortedRows = indexesByTime(rowIndexes, (index) => sweep.readMs(index), (a, b) => compare(rowRank(a), rowRank(b)) || a - b);
  let next = 0;
  for (let turn = 0; turn < sortedRows.length; turn++) {
    if (turn % rowsAhead === 0) sweep.lookAhead(sortedRows.subarray(turn, turn + rowsAhead));
    const rowIndex = sortedRows[turn] as number;
    const atMs = sweep.readMs(rowIndex);
    const last = rowRank(rowIndex);
    for (; next < order.length; next++) {
      const index = order[next] as number;
      const seenMs = seenAtMs[index] as number;
      if (seenMs > atMs || (seenMs === atMs && rank(index) === 1 && index > last)) break;
      sweep.apply(index);
      sweep.settle(seenMs - lagMs);
    }
    sweep.answer(rowIndex, last !== Infinity && (seenAtMs[last] as number) > atMs);
  }
}

/** Events in the order of the log, each row right behind its event. */
function sweepByLog(sweep: Sweep, rowIndexes: Uint32Array): void {
  const eventOf = (index: number): number => sweep.eventOf(index);
  const sortedRows = rowIndexes.sort((a, b) => eventOf(a) - eventOf(b) || a - b);
  const earliestMs = new Float64Array(sortedRows.length + 1).fill(Infinity);
  for (let i = sortedRows.length - 1; i >= 0; i--) earliestMs[i] = Math.min(earliestMs[i + 1] as number, sweep.readMs(sortedRows[i] as number));
  const disorder = new Disorder();
  for (const { timeMs } of sweep.events) disorder.see(timeMs);
  let next = 0, newestMs = -Infinity;
  const lastEvent = sortedRows.length === 0 ? -1 : eventOf(sortedRows[sortedRows.length - 1] as number);
  for (let index = 0; index <= lastEvent; index++) {
    sweep.apply(index);
    for (; next < sortedRows.length && eventOf(sortedRows[next] as number) === index; next++) sweep.answer(sortedRows[next] as number, false);
    newestMs = Math.max(newestMs, (sweep.events[index] as StreamEvent).timeMs);
    sweep.settle(Math.min(earliestMs[next] as number, newestMs - disorder.mostMs));
  }
}

/** Whole numbers up to here are told apart by a double. */
const exactMax = 2 ** 53;

/**
 * Indexes in the order of their times, those of one time by `tie`. Times that are whole ms are sorted as numbers that hold their index, too: twenty
 * times as fast as with a comparison in between.
 */
function indexesByTime(indexes: Uint32Array, timeMs: (index: number) => number, tie: (a: number, b: number) => number): Uint32Array {
  const count = indexes.length, times = Float64Array.from(indexes, timeMs), lowMs = times.reduce((low, ms) => Math.min(low, ms), Infinity), highMs = times.reduce((high, ms) => Math.max(high, ms), -Infinity);
  if (!((highMs - lowMs + 1) * count < exactMax) || !times.every(Number.isInteger)) return indexes.sort((a, b) => timeMs(a) - timeMs(b) || tie(a, b));
  const placed = Float64Array.from(times, (ms, place) => (ms - lowMs) * count + place).sort(), sorted = new Uint32Array(count);
  let runFrom = 0, runMs = -1;
  for (let at = 0; at <= count; at++) {
    const value = at < count ? (placed[at] as number) : Infinity, ms = Math.floor(value / count);
    if (ms !== runMs) {
      if (at - runFrom > 1) sorted.subarray(runFrom, at).sort(tie);
      runFrom = at;
      runMs = ms;
    }
    if (at < count) sorted[at] = indexes[value - ms * count] as number;
  }
  return sorted;
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

/** How far events of a log lie behind the newest before them: none that is still to come is older than the newest less this. */
export class Disorder {
  mostMs = 0;
  private newestMs = -Infinity;

  see(timeMs: number): void {
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    else if (this.newestMs - timeMs > this.mostMs) this.mostMs = this.newestMs - timeMs;
  }
}

type Profiles = ReadonlyMap<string, Readonly<Record<string, Value>>> | undefined;

/** An event at its place. */
export interface SweptEvent { readonly event: StreamEvent; /** Place in the log. */ readonly order: number; readonly profiles: Profiles }

/** A row whose turn has come. */
export interface SweptRow {
  readonly rowIndex: number;
  /** What `ask` said of its keys, from `placesFrom` on. */
  readonly places: ArrayLike<number>;
  readonly placesFrom: number;
  /** Used when the row belongs to no event. */
  readonly timeMs: number;
  readonly own: SweptEvent | undefined;
  /** The row's own event has not been applied, for it was received later; it counts all the same. */
  readonly unseen: boolean;
}

/** Rows whose states are brought near together: waiting for one after the other costs more than reading them. */
const rowsAhead = 32;
/** Places of keys: a null key has no state, and a view whose key the row lacks is not answered. */
const noKey = -1, notAsked = -2;

/** States of the keys that rows ask for, and the reading of rows from them. Whoever has it brings events and rows in the order in which rows see events. */
export class PointInTimeSweep {
  private readonly engine: FeatureEngine;
  private readonly readers: readonly ViewReader[];
  /** By view: where the state of each key asked for is. */
  private readonly placeByKey: ReadonlyArray<Map<string, number>>;
  /** By view and place; undefined until an event came. */
  private readonly states: ReadonlyArray<Array<KeyedState | undefined>>;
  private readonly feeds: ReadonlyMap<string, ReadonlyArray<{ readonly viewIndex: number; readonly plan: ViewPlan; readonly keySlots: readonly number[] }>>;
  private readonly vector: FeatureVector;
  private readonly frame = emptyFrame();
  private readonly touched: KeyedState[] = [];
  private readonly ahead: RawRows[] = [];

  constructor(private readonly plan: FeaturePlan, private readonly emit: (answer: PointInTimeAnswer) => void) {
    this.engine = new FeatureEngine(plan, { find: () => undefined, add: () => undefined, touch: () => undefined });
    const layout = pointInTimeLayout(plan.set);
    this.vector = newVector(layout);
    this.frame.vector = this.vector;
    this.readers = plan.views.map((view) => new ViewReader(plan.set, view, layout));
    this.placeByKey = plan.views.map(() => new Map());
    this.states = plan.views.map(() => []);
    this.feeds = new Map([...plan.bySource].map(([source, { steps }]) => [source, steps.filter((step) => step.feeds)]));
  }

  /** Numbers that `ask` gives for each row. */
  get placesPerRow(): number { return this.readers.length; }

  /** Says that a row with these keys will come, all of them before the first event; puts down where their states are. */
  ask(keys: PointInTimeRow['keys'], into: number[]): void {
    for (let viewIndex = 0; viewIndex < this.readers.length; viewIndex++) {
      const key = rowKey((this.readers[viewIndex] as ViewReader).plan, keys);
      into.push(key === undefined ? notAsked : key === null ? noKey : this.placeOf(viewIndex, key));
    }
  }

  apply({ event, order, profiles }: SweptEvent): void {
    this.touched.length = 0;
    for (const { viewIndex, plan, keySlots } of this.feeds.get(event.source) ?? []) {
      const key = eventKey(event, keySlots), place = key === undefined ? undefined : this.placeByKey[viewIndex]?.get(key);
      if (place === undefined || !this.engine.belongs(plan, event, profiles)) continue;
      const states = this.states[viewIndex] as Array<KeyedState | undefined>, state = (states[place] ??= new KeyedState(plan.kernel));
      this.engine.enter(plan, state, event, { order, profiles });
      this.touched.push(state);
    }
  }

  /** Neither a row nor an event comes before this time: what the last event touched may forget what lies wholly before it. */
  settle(horizonMs: number): void {
    for (const state of this.touched) state.settle(horizonMs);
    this.touched.length = 0;
  }

  /** Brings the states of rows that come next near. */
  lookAhead(places: ArrayLike<number>, placesFrom: number): void {
    for (let viewIndex = 0; viewIndex < this.readers.length; viewIndex++) {
      const place = places[placesFrom + viewIndex] as number, state = place < 0 ? undefined : this.states[viewIndex]?.[place];
      if (state !== undefined) this.ahead.push(state.raw);
    }
  }

  /** Reads what was brought near for the sake of having it there; the answer means nothing. */
  readAhead(): number {
    const { ahead } = this;
    let seen = 0;
    for (let i = 0; i < ahead.length; i++) seen += (ahead[i] as RawRows).end;
    for (let i = 0; i < ahead.length; i++) seen += (ahead[i] as RawRows).readAhead();
    ahead.length = 0;
    return seen;
  }

  /** As before the first event; what was asked holds. */
  forget(): void { for (const states of this.states) states.fill(undefined); }

  answer({ rowIndex, places, placesFrom, timeMs, own, unseen }: SweptRow): void {
    const readMs = own === undefined ? timeMs : own.event.timeMs, { readers, frame } = this;
    let views: ViewReader[] | undefined;
    frame.event = own?.event;
    for (let viewIndex = 0; viewIndex < readers.length; viewIndex++) {
      const place = places[placesFrom + viewIndex] as number, reader = readers[viewIndex] as ViewReader;
      if (place === notAsked) {
        views ??= readers.slice(0, viewIndex);
        continue;
      }
      let state = place === noKey ? undefined : this.states[viewIndex]?.[place];
      const isOwn = own !== undefined && place !== noKey && this.isEventOf(viewIndex, own, place);
      if (isOwn && unseen) {
        state = state === undefined ? new KeyedState(reader.plan.kernel) : state.clone();
        this.engine.enter(reader.plan, state, own.event, own);
        frame.event = own.event;
      }
      const currentRow = isOwn && state !== undefined ? state.raw.firstAtOrAfter(readMs + 1) - 1 : -1;
      reader.read(state, { readMs, currentRow, sinceMs: this.historyFromMs(reader.plan) }, this.vector, frame);
      views?.push(reader);
    }
    this.emit({ rowIndex, vector: this.vector, views: views ?? readers });
  }

  private placeOf(viewIndex: number, key: string): number {
    const places = this.placeByKey[viewIndex] as Map<string, number>, known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, places.size);
    this.states[viewIndex]?.push(undefined);
    return places.size - 1;
  }

  private historyFromMs(plan: ViewPlan): number { return this.plan.set.sources.get(plan.view.source)?.historyFromMs ?? -Infinity; }

  /** Whether the event is one of this key's in the view. */
  private isEventOf(viewIndex: number, { event, profiles }: SweptEvent, place: number): boolean {
    const feed = this.feeds.get(event.source)?.find((each) => each.viewIndex === viewIndex), key = feed === undefined ? undefined : eventKey(event, feed.keySlots);
    return feed !== undefined && key !== undefined && this.placeByKey[viewIndex]?.get(key) === place && this.engine.belongs(feed.plan, event, profiles);
  }
}

/** The sweep over events and rows that are all in memory. */
class Sweep {
  private readonly sweep: PointInTimeSweep;
  private readonly places: Int32Array;
  private readonly readAtMs: Float64Array;
  private readonly ownEvents: Int32Array;

  constructor(plan: FeaturePlan, readonly events: readonly StreamEvent[], rows: readonly PointInTimeRow[], private readonly options: PointInTimeOptions, emit: (answer: PointInTimeAnswer) => void) {
    this.sweep = new PointInTimeSweep(plan, emit);
    const places: number[] = [];
    for (const { keys } of rows) this.sweep.ask(keys, places);
    this.places = Int32Array.from(places);
    this.ownEvents = Int32Array.from(rows, ({ eventIndex }) => eventIndex);
    this.readAtMs = Float64Array.from(rows, ({ eventIndex, timeMs }) => (eventIndex < 0 ? timeMs : (events[eventIndex] as StreamEvent).timeMs));
  }

  readMs(rowIndex: number): number { return this.readAtMs[rowIndex] as number; }
  /** The row's own event; -1 for none. */
  eventOf(rowIndex: number): number { return this.ownEvents[rowIndex] as number; }

  lookAhead(rowIndexes: Uint32Array): number {
    for (const rowIndex of rowIndexes) this.sweep.lookAhead(this.places, rowIndex * this.sweep.placesPerRow);
    return this.sweep.readAhead();
  }

  apply(eventIndex: number): void { this.sweep.apply(this.at(eventIndex)); }
  settle(horizonMs: number): void { this.sweep.settle(horizonMs); }
  forget(): void { this.sweep.forget(); }

  answer(rowIndex: number, unseen: boolean): void {
    const own = this.eventOf(rowIndex);
    this.sweep.answer({ rowIndex, places: this.places, placesFrom: rowIndex * this.sweep.placesPerRow, timeMs: this.readMs(rowIndex), own: own < 0 ? undefined : this.at(own), unseen });
  }

  private at(order: number): SweptEvent { return { event: this.events[order] as StreamEvent, order, profiles: this.options.profilesOf?.(order) }; }
}

/** undefined: the row lacks a field of the key; null: a field of it is null. */
function rowKey(plan: ViewPlan, keys: PointInTimeRow['keys']): string | null | undefined {
  const [only] = plan.keys;
  if (plan.keys.length === 1 && only !== undefined) return Object.hasOwn(keys, only) ? entityKey([keys[only]]) ?? null : undefined;
  const parts: (Value | undefined)[] = [];
  for (const key of plan.keys) {
    if (!Object.hasOwn(keys, key)) return undefined;
    parts.push(keys[key]);
  }
  return entityKey(parts) ?? null;
}
