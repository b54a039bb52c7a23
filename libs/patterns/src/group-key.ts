import { KeyState } from './key-state';

/** An event kept to be matched later, with the watermark in force when it came. */
export interface Noted<E> {
  readonly event: E;
  readonly offset: number;
  readonly timeMs: number;
  readonly watermarkMs: number;
  /** Its packed form once it was needed. */
  bytes: Uint8Array | undefined;
}

const trimEvery = 4;

/** All a group of patterns knows of one key. Patterns go by their number in the group. */
export class GroupKey<E> {
  /** Events that deferred patterns have not seen, in the order they came. */
  noted: Noted<E>[] = [];
  /** Events of an ordered group that wait for the watermark, by time, ties in log order. */
  waiting: Noted<E>[] = [];
  /** Patterns that run event by event. */
  readonly states = new Map<number, KeyState<E>>();
  /** First offset a deferred pattern still has to see, where that is not the first one noted. */
  readonly floors = new Map<number, number>();
  /** When the newest event noted is of no use any more follows from its time. */
  notedUntilMs = -Infinity;
  /** Set while the key is listed as changed. */
  changed = false;
  /** Nothing of the key is over before this; at most early. */
  deadlineMs = Infinity;
  /** Where it stands in the queue of deadlines. */
  queuedMs = Infinity;

  constructor(readonly key: string) {}

  get isEmpty(): boolean { return this.noted.length === 0 && this.states.size === 0 && this.waiting.length === 0; }

  floor(number: number): number { return this.floors.get(number) ?? 0; }

  open(number: number): KeyState<E> {
    const state = new KeyState<E>();
    this.states.set(number, state);
    this.floors.delete(number);
    return state;
  }

  /** The pattern has no partial match left; a deferred one is run again from the next event on. */
  close(number: number, deferred: boolean): void {
    this.states.delete(number);
    const last = deferred ? this.noted.at(-1) : undefined;
    if (last !== undefined) this.floors.set(number, last.offset + 1);
  }

  /** Now and then forgets what is too old, so that old events are not touched at every new one. */
  note(at: Noted<E>, longestWithinMs: number): void {
    if (this.noted.length % trimEvery === trimEvery - 1) this.forgetNotedUntil(at.watermarkMs - longestWithinMs);
    this.noted.push(at);
    if (at.timeMs > this.notedUntilMs) this.notedUntilMs = at.timeMs;
  }

  /** Forgets noted events that no deferred pattern has to see again. */
  forgetSeen(deferred: readonly { readonly number: number }[]): void {
    if (this.noted.length === 0 || this.floors.size + this.states.size < deferred.length) return;
    let from = Infinity;
    for (const { number } of deferred) if (!this.states.has(number)) from = Math.min(from, this.floor(number));
    const kept = this.noted.findIndex(({ offset }) => offset >= from);
    if (kept !== 0) this.dropNoted(kept < 0 ? this.noted.length : kept);
  }

  /** Forgets noted events at or before a time; one that came before an older event stays as long as that does. */
  forgetNotedUntil(timeMs: number): void {
    const [first] = this.noted;
    if (first === undefined || first.timeMs > timeMs) return;
    let count = 1;
    while (count < this.noted.length && (this.noted[count] as Noted<E>).timeMs <= timeMs) count++;
    this.dropNoted(count);
  }

  dropNoted(count: number): void {
    this.noted = count >= this.noted.length ? [] : this.noted.slice(count);
    this.notedUntilMs = -Infinity;
    for (const { timeMs } of this.noted) if (timeMs > this.notedUntilMs) this.notedUntilMs = timeMs;
    if (this.floors.size === 0) return;
    const first = this.noted[0]?.offset ?? Infinity;
    for (const [number, floor] of this.floors) if (floor <= first) this.floors.delete(number);
  }

  wait(at: Noted<E>): void {
    let place = this.waiting.length;
    while (place > 0 && (this.waiting[place - 1] as Noted<E>).timeMs > at.timeMs) place--;
    this.waiting.splice(place, 0, at);
  }

  /** The earliest waiting event if the watermark has passed it. */
  release(watermarkMs: number): Noted<E> | undefined {
    const [first] = this.waiting;
    return first !== undefined && first.timeMs <= watermarkMs ? this.waiting.shift() : undefined;
  }

  updateDeadline(longestWithinMs: number): number {
    let deadlineMs = this.noted.length === 0 ? Infinity : this.notedUntilMs + longestWithinMs;
    if (this.waiting.length > 0) deadlineMs = Math.min(deadlineMs, (this.waiting[0] as Noted<E>).timeMs);
    if (this.states.size > 0) for (const state of this.states.values()) deadlineMs = Math.min(deadlineMs, state.nextDeadlineMs);
    return this.deadlineMs = deadlineMs;
  }
}
