import { KeyState } from './key-state';

/** An event kept to be matched later, and how far the watermark was behind it when it came. There are very many: small integers alone, and no time twice. */
export interface Noted<E> {
  readonly event: E;
  readonly offset: number;
  /** The event's time less the watermark, ms; Infinity without a watermark. */
  readonly lagMs: number;
  /** Its packed form once it was needed. */
  bytes: Uint8Array | undefined;
}

const trimEvery = 4;
/** Most keys have nothing of these: they share one that is empty. */
const none: readonly never[] = [];
const noStates: ReadonlyMap<number, never> = new Map<number, never>(), noFloors: ReadonlyMap<number, number> = new Map<number, number>();

/** All a group of patterns knows of one key. Patterns go by their number in the group. */
export class GroupKey<E> {
  /** Events that deferred patterns have not seen, in the order they came. */
  noted: Noted<E>[] = [];
  /** Events of an ordered group that wait for the watermark, by time, ties in log order. */
  waiting: readonly Noted<E>[] = none;
  /** Patterns that run event by event. */
  get states(): ReadonlyMap<number, KeyState<E>> { return this.ownStates ?? noStates; }
  /** How many of the events noted a deferred pattern need not see again, where that is any. */
  get floors(): ReadonlyMap<number, number> { return this.ownFloors ?? noFloors; }
  /** When the newest event noted is of no use any more follows from its time. */
  notedUntilMs = -Infinity;
  /** Its place in the list of changed keys; -1: not listed. */
  listedAt = -1;
  /** False while the store has surely nothing of the key. */
  mayBeStored = false;
  /** Set while its packed form as of now is asked for and not made; then that form, until it is read. */
  taken = false;
  packed: Uint8Array | undefined = undefined;
  /** Place of the last event of the key; -1: not known. */
  lastOffset = -1;
  /** Since keys last went to rest. */
  wasUsed = true;
  /** Nothing of the key is over before this; at most early. */
  deadlineMs = Infinity;
  /** Where it stands in the queue of deadlines. */
  queuedMs = Infinity;

  private ownStates: Map<number, KeyState<E>> | undefined = undefined;
  private ownFloors: Map<number, number> | undefined = undefined;

  constructor(readonly key: string, private readonly timeOf: (event: E) => number) {}

  get isEmpty(): boolean { return this.noted.length === 0 && this.states.size === 0 && this.waiting.length === 0; }

  floor(number: number): number { return this.floors.get(number) ?? 0; }

  open(number: number): KeyState<E> {
    const state = new KeyState<E>();
    this.setState(number, state);
    this.setFloor(number, 0);
    return state;
  }

  setState(number: number, state: KeyState<E> | undefined): void {
    if (state !== undefined) (this.ownStates ??= new Map()).set(number, state);
    else if (this.ownStates?.delete(number) && this.ownStates.size === 0) this.ownStates = undefined;
  }

  /** 0: none. */
  setFloor(number: number, floor: number): void {
    if (floor > 0) (this.ownFloors ??= new Map()).set(number, floor);
    else if (this.ownFloors?.delete(number) && this.ownFloors.size === 0) this.ownFloors = undefined;
  }

  /** The pattern has no partial match left; a deferred one is run again from the next event on. */
  close(number: number, deferred: boolean): void {
    this.setState(number, undefined);
    if (deferred) this.setFloor(number, this.noted.length);
  }

  /** Now and then forgets what is too old, so that old events are not touched at every new one. */
  note(at: Noted<E>, longestWithinMs: number): void {
    const timeMs = this.timeOf(at.event);
    if (this.noted.length % trimEvery === trimEvery - 1) this.forgetNotedUntil(timeMs - at.lagMs - longestWithinMs);
    this.noted.push(at);
    if (timeMs > this.notedUntilMs) this.notedUntilMs = timeMs;
  }

  /** Forgets noted events that no deferred pattern has to see again. */
  forgetSeen(deferred: readonly { readonly number: number }[]): void {
    if (this.noted.length === 0 || this.floors.size + this.states.size < deferred.length) return;
    let from = Infinity;
    for (const { number } of deferred) if (!this.states.has(number)) from = Math.min(from, this.floor(number));
    if (from > 0) this.dropNoted(from);
  }

  /** Forgets noted events at or before a time; one that came before an older event stays as long as that does. */
  forgetNotedUntil(timeMs: number): void {
    const [first] = this.noted;
    if (first === undefined || this.timeOf(first.event) > timeMs) return;
    let count = 1;
    while (count < this.noted.length && this.timeOf((this.noted[count] as Noted<E>).event) <= timeMs) count++;
    // What stays is younger than what goes, so the youngest stays the same.
    const untilMs = this.notedUntilMs;
    this.cut(count);
    this.notedUntilMs = this.noted.length === 0 ? -Infinity : untilMs;
  }

  dropNoted(count: number): void {
    this.cut(count);
    this.notedUntilMs = -Infinity;
    for (const { event } of this.noted) this.notedUntilMs = Math.max(this.notedUntilMs, this.timeOf(event));
  }

  private cut(count: number): void {
    this.noted = count >= this.noted.length ? [] : this.noted.slice(count);
    if (this.floors.size > 0 && count > 0) for (const [number, floor] of [...this.floors]) this.setFloor(number, Math.max(0, floor - count));
  }

  wait(at: Noted<E>): void {
    const timeMs = this.timeOf(at.event);
    let place = this.waiting.length;
    while (place > 0 && this.timeOf((this.waiting[place - 1] as Noted<E>).event) > timeMs) place--;
    this.waiting = [...this.waiting.slice(0, place), at, ...this.waiting.slice(place)];
  }

  /** The earliest waiting event if the watermark has passed it. */
  release(watermarkMs: number): Noted<E> | undefined {
    const [first] = this.waiting;
    if (first === undefined || this.timeOf(first.event) > watermarkMs) return undefined;
    this.waiting = this.waiting.length === 1 ? none : this.waiting.slice(1);
    return first;
  }

  /** When the first thing of it is over: a function of the state alone, where `deadlineMs` may be early. */
  dueMs(longestWithinMs: number): number {
    let dueMs = this.noted.length === 0 ? Infinity : this.notedUntilMs + longestWithinMs;
    if (this.waiting.length > 0) dueMs = Math.min(dueMs, this.timeOf((this.waiting[0] as Noted<E>).event));
    return dueMs;
  }

  updateDeadline(longestWithinMs: number): number {
    let deadlineMs = this.noted.length === 0 ? Infinity : this.notedUntilMs + longestWithinMs;
    if (this.waiting.length > 0) deadlineMs = Math.min(deadlineMs, this.timeOf((this.waiting[0] as Noted<E>).event));
    if (this.states.size > 0) for (const state of this.states.values()) deadlineMs = Math.min(deadlineMs, state.nextDeadlineMs);
    return this.deadlineMs = deadlineMs;
  }
}
