import { DeadlineQueue } from './deadline-queue';

/** An event that some partial match took, with its place in the order of the key's taken events. */
export interface Held<E> { readonly event: E; readonly seq: number; readonly timeMs: number }

/** The events of a partial match, newest first; branches share their common beginning. */
export interface Taken<E> { readonly held: Held<E>; readonly step: number; readonly before: Taken<E> | undefined }

/** All partial matches that begin with one event. They are skipped and run out of time together. */
export interface Start<E> { readonly seq: number; readonly timeMs: number; /** Partial matches alive. */ live: number; runs: Run<E>[]; /** Partial matches that the event in hand adds by branching. */ branched: number }

/** A partial match. Only the machine changes it. */
export interface Run<E> { place: number; readonly start: Start<E>; last: Taken<E>; dead: boolean }

/** A complete match that waits because a partial match that began earlier is alive. */
export interface Waiting<E> { readonly startSeq: number; readonly last: Taken<E>; readonly byEvent: boolean }

/** The whole state of one pattern for one key. Empty when there is no partial match and nothing waits. */
export class KeyState<E> {
  nextSeq = 0;
  /** By place; the order in a list is that of arrival. Dead ones are left until the list is next rebuilt. */
  runsByPlace: (Run<E>[] | undefined)[] = [];
  /** By `seq`; those before `firstStart` are gone. */
  starts: Start<E>[] = [];
  firstStart = 0;
  /** By beginning, then in the order completed. */
  waiting: Waiting<E>[] = [];
  live = 0;
  dead = 0;
  readonly windows = new DeadlineQueue<Start<E>>();
  readonly pauses = new DeadlineQueue<Run<E>>();

  get isEmpty(): boolean { return this.live === 0 && this.waiting.length === 0; }

  /** Nothing can run out of time before this; Infinity when nothing can at all. */
  get nextDeadlineMs(): number { return Math.min(this.windows.nextMs, this.pauses.nextMs); }

  /** The earliest beginning with a live partial match. */
  earliest(): Start<E> | undefined {
    while (this.firstStart < this.starts.length && this.starts[this.firstStart]?.live === 0) this.firstStart++;
    if (this.firstStart > 64 && this.firstStart * 2 > this.starts.length) { this.starts = this.starts.slice(this.firstStart); this.firstStart = 0; }
    return this.starts[this.firstStart];
  }

  addRun(run: Run<E>): void {
    run.start.live++;
    run.start.runs.push(run);
    this.live++;
    (this.runsByPlace[run.place] ??= []).push(run);
  }

  /** Marks a partial match as over; it leaves its list when that is rebuilt. */
  kill(run: Run<E>): void {
    if (run.dead) return;
    run.dead = true;
    run.start.live--;
    this.live--;
    this.dead++;
  }

  /** Forgets what is dead once that is more than what lives, so that the cost is spread over those that died. */
  tidy(): void {
    if (this.live === 0) this.clearRuns();
    else if (this.dead > this.live + 32) {
      for (let place = 0; place < this.runsByPlace.length; place++) this.runsByPlace[place] = this.runsByPlace[place]?.filter((run) => !run.dead);
      this.starts = this.starts.filter((start) => start.live > 0);
      this.firstStart = 0;
      for (const start of this.starts) if (start.runs.length > start.live) start.runs = start.runs.filter((run) => !run.dead);
      this.dead = 0;
    }
    if (this.windows.size > 2 * (this.starts.length - this.firstStart) + 32) this.windows.retain((start) => start.live > 0);
    if (this.pauses.size > 2 * this.live + 32) this.pauses.retain((run) => !run.dead);
  }

  private clearRuns(): void {
    this.runsByPlace.length = 0;
    this.starts.length = 0;
    this.firstStart = 0;
    this.dead = 0;
    this.windows.retain(() => false);
    this.pauses.retain(() => false);
    if (this.waiting.length === 0) this.nextSeq = 0;
  }
}
