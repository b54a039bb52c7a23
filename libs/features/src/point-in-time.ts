import { entityKey, eventKey, type FeatureLayout, type FeatureVector, type StreamEvent, type Value } from '@weir/contracts';
import { emptyFrame, layoutOf, type DefinitionSet } from '@weir/definitions';
import { KeyedState } from '@weir/windows';
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
  if (!options.asDecided) {
    sweepByTime(new Sweep(plan, events, rows, options, emit), allIndexes(rows.length), options.asKnown);
    return;
  }
  const ofEvents = allIndexes(rows.length).filter((index) => (rows[index]?.eventIndex ?? -1) >= 0);
  const plain = allIndexes(rows.length).filter((index) => (rows[index]?.eventIndex ?? -1) < 0);
  if (ofEvents.length > 0) sweepByLog(new Sweep(plan, events, rows, options, emit), ofEvents);
  if (plain.length > 0) sweepByTime(new Sweep(plan, events, rows, options, emit), plain, true);
}

const allIndexes = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

/**
 * Events in the order in which they can be seen (of their time, or as known of time and receipt, whichever is later), each row after all
 * it may see. At one moment: first what happened before it, then by log, a row of an event right behind it, other rows last.
 */
function sweepByTime(sweep: Sweep, rowIndexes: Uint32Array, asKnown: boolean): void {
  const { events, rows } = sweep;
  const seenAtMs = Float64Array.from(events, (event) => (asKnown ? Math.max(event.timeMs, event.receivedAtMs) : event.timeMs));
  const lagMs = seenAtMs.reduce((most, seenMs, index) => Math.max(most, seenMs - (events[index] as StreamEvent).timeMs), 0);
  const rank = (index: number): number => ((events[index] as StreamEvent).timeMs === seenAtMs[index] ? 1 : 0);
  const order = allIndexes(events.length).sort((a, b) => (seenAtMs[a] as number) - (seenAtMs[b] as number) || rank(a) - rank(b) || a - b);
  const readMs = (index: number): number => sweep.readMs(index);
  const rowRank = (index: number): number => { const { eventIndex } = rows[index] as PointInTimeRow; return eventIndex < 0 ? Infinity : eventIndex; };
  const sortedRows = rowIndexes.sort((a, b) => readMs(a) - readMs(b) || compare(rowRank(a), rowRank(b)) || a - b);
  let next = 0;
  for (const rowIndex of sortedRows) {
    const atMs = readMs(rowIndex);
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
  const eventOf = (index: number): number => (sweep.rows[index] as PointInTimeRow).eventIndex;
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
  readonly keys: PointInTimeRow['keys'];
  /** Used when the row belongs to no event. */
  readonly timeMs: number;
  readonly own: SweptEvent | undefined;
  /** The row's own event has not been applied, for it was received later; it counts all the same. */
  readonly unseen: boolean;
}

/** States of the keys that rows ask for, and the reading of rows from them. Whoever has it brings events and rows in the order in which rows see events. */
export class PointInTimeSweep {
  private readonly engine: FeatureEngine;
  private readonly readers: readonly ViewReader[];
  /** By view: the state of each key asked for; undefined until an event came. */
  private readonly states: ReadonlyArray<Map<string, KeyedState | undefined>>;
  private readonly feeds: ReadonlyMap<string, ReadonlyArray<{ readonly viewIndex: number; readonly plan: ViewPlan; readonly keySlots: readonly number[] }>>;
  private readonly vector: FeatureVector;
  private readonly frame = emptyFrame();
  private readonly touched: KeyedState[] = [];

  constructor(private readonly plan: FeaturePlan, private readonly emit: (answer: PointInTimeAnswer) => void) {
    this.engine = new FeatureEngine(plan, { find: () => undefined, add: () => undefined, touch: () => undefined });
    const layout = pointInTimeLayout(plan.set);
    this.vector = newVector(layout);
    this.frame.vector = this.vector;
    this.readers = plan.views.map((view) => new ViewReader(plan.set, view, layout));
    this.states = plan.views.map(() => new Map());
    this.feeds = new Map([...plan.bySource].map(([source, { steps }]) => [source, steps.filter((step) => step.feeds)]));
  }

  /** Says that a row with these keys will come; all of them before the first event. */
  ask(keys: PointInTimeRow['keys']): void {
    this.plan.views.forEach((view, viewIndex) => {
      const key = rowKey(view, keys);
      if (typeof key === 'string') this.states[viewIndex]?.set(key, undefined);
    });
  }

  apply({ event, order, profiles }: SweptEvent): void {
    this.touched.length = 0;
    for (const { viewIndex, plan, keySlots } of this.feeds.get(event.source) ?? []) {
      const key = eventKey(event, keySlots);
      const states = this.states[viewIndex];
      if (key === undefined || states === undefined || !states.has(key) || !this.engine.belongs(plan, event, profiles)) continue;
      let state = states.get(key);
      if (state === undefined) {
        state = new KeyedState(plan.kernel);
        states.set(key, state);
      }
      this.engine.enter(plan, state, event, { order, profiles });
      this.touched.push(state);
    }
  }

  /** Neither a row nor an event comes before this time: what the last event touched may forget what lies wholly before it. */
  settle(horizonMs: number): void {
    for (const state of this.touched) state.settle(horizonMs);
    this.touched.length = 0;
  }

  answer({ rowIndex, keys, timeMs, own, unseen }: SweptRow): void {
    const readMs = own === undefined ? timeMs : own.event.timeMs;
    const views: ViewReader[] = [];
    this.readers.forEach((reader, viewIndex) => {
      const key = rowKey(reader.plan, keys);
      if (key === undefined) return;
      let state = key === null ? undefined : this.states[viewIndex]?.get(key);
      const isOwn = own !== undefined && key !== null && this.isEventOf(reader.plan, own, key);
      if (isOwn && unseen) {
        state = state === undefined ? new KeyedState(reader.plan.kernel) : state.clone();
        this.engine.enter(reader.plan, state, own.event, own);
      }
      this.frame.event = own?.event;
      const currentRow = isOwn && state !== undefined ? state.raw.firstAtOrAfter(readMs + 1) - 1 : -1;
      reader.read(state, { readMs, currentRow, sinceMs: this.historyFromMs(reader.plan) }, this.vector, this.frame);
      views.push(reader);
    });
    this.emit({ rowIndex, vector: this.vector, views });
  }

  private historyFromMs(plan: ViewPlan): number { return this.plan.set.sources.get(plan.view.source)?.historyFromMs ?? -Infinity; }

  /** Whether the event is one of this key's in the view. */
  private isEventOf(plan: ViewPlan, { event, profiles }: SweptEvent, key: string): boolean {
    const feed = this.feeds.get(event.source)?.find((each) => each.plan === plan);
    return feed !== undefined && eventKey(event, feed.keySlots) === key && this.engine.belongs(plan, event, profiles);
  }
}

/** The sweep over events and rows that are all in memory. */
class Sweep {
  private readonly sweep: PointInTimeSweep;

  constructor(plan: FeaturePlan, readonly events: readonly StreamEvent[], readonly rows: readonly PointInTimeRow[], private readonly options: PointInTimeOptions, emit: (answer: PointInTimeAnswer) => void) {
    this.sweep = new PointInTimeSweep(plan, emit);
    for (const { keys } of rows) this.sweep.ask(keys);
  }

  readMs(rowIndex: number): number {
    const row = this.rows[rowIndex] as PointInTimeRow;
    return row.eventIndex < 0 ? row.timeMs : (this.events[row.eventIndex] as StreamEvent).timeMs;
  }

  apply(eventIndex: number): void { this.sweep.apply(this.at(eventIndex)); }
  settle(horizonMs: number): void { this.sweep.settle(horizonMs); }

  answer(rowIndex: number, unseen: boolean): void {
    const { keys, timeMs, eventIndex } = this.rows[rowIndex] as PointInTimeRow;
    this.sweep.answer({ rowIndex, keys, timeMs, own: eventIndex < 0 ? undefined : this.at(eventIndex), unseen });
  }

  private at(order: number): SweptEvent { return { event: this.events[order] as StreamEvent, order, profiles: this.options.profilesOf?.(order) }; }
}

/** undefined: the row lacks a field of the key; null: a field of it is null. */
function rowKey(plan: ViewPlan, keys: PointInTimeRow['keys']): string | null | undefined {
  const parts: (Value | undefined)[] = [];
  for (const key of plan.keys) {
    if (!Object.hasOwn(keys, key)) return undefined;
    parts.push(keys[key]);
  }
  return entityKey(parts) ?? null;
}
