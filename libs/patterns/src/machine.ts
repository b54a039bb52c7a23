import { WeirError } from '@weir/contracts';
import type { Move, Place, Truth } from './automaton';
import type { CompiledPattern } from './compile';
import { Facts } from './facts';
import type { KeyState, Run, Start, Taken, Waiting } from './key-state';
import { defaultLimits, type PatternLimits, type PatternOutcome } from './outcome';
import { compareTaken, isSameTaken, skipBound, stepsOf } from './taken';

export interface MachineOptions {
  readonly limits?: PatternLimits;
  /** Whether partial matches that ran out of time are given; default true. */
  readonly timeouts?: boolean;
  /** Whether events begin new partial matches; default true. A pattern that was replaced only finishes what it has. */
  readonly begins?: boolean;
}

/**
 * Runs one compiled pattern over the states of many keys. Deterministic: the outcome depends on the state and the events alone.
 * Partial matches at one place whose conditions read only the event are moved by one decision, so those that merely wait cost nothing.
 */
export class PatternMachine<E> {
  private readonly facts: Facts<E>;
  private readonly moved: Run<E>[] = [];
  private readonly completed: Waiting<E>[] = [];
  private readonly branching: Start<E>[] = [];
  private branches = 0;
  private readonly withinMs: number;
  private readonly limits: PatternLimits;
  private readonly givesTimeouts: boolean;
  private readonly canBegin: boolean;

  constructor(readonly compiled: CompiledPattern<E>, options: MachineOptions = {}) {
    this.facts = new Facts(compiled.conditions, compiled.automaton.steps);
    this.withinMs = compiled.withinMs ?? Infinity;
    this.limits = options.limits ?? defaultLimits;
    this.givesTimeouts = options.timeouts ?? true;
    this.canBegin = options.begins ?? true;
  }

  /**
   * Time reaches `clockMs`: partial matches whose window is over are timed out, or matches if they waited for just that.
   * Cheap when nothing is due.
   */
  advance(state: KeyState<E>, clockMs: number, out: PatternOutcome<E>[]): void {
    if (state.nextDeadlineMs > clockMs) return;
    const timeouts: { readonly atMs: number; readonly run: Run<E> }[] = [];
    const expire = (run: Run<E>): void => {
      if (run.dead) return;
      const place = this.place(run.place);
      const pauseMs = run.last.held.timeMs + place.windowMs;
      const atMs = place.windowMs > 0 && pauseMs <= clockMs ? pauseMs : run.start.timeMs + this.withinMs;
      if (atMs > clockMs) return;
      state.kill(run);
      if (place.pending) this.completed.push({ startSeq: run.start.seq, last: run.last, byEvent: false });
      else if (this.givesTimeouts) timeouts.push({ atMs, run });
    };
    for (let start = state.windows.popDue(clockMs); start; start = state.windows.popDue(clockMs)) for (const run of start.runs) expire(run);
    for (let run = state.pauses.popDue(clockMs); run; run = state.pauses.popDue(clockMs)) expire(run);
    timeouts.sort((a, b) => a.atMs - b.atMs || compareTaken(a.run.last, b.run.last) || a.run.place - b.run.place);
    for (const { atMs, run } of timeouts) out.push({ kind: 'timeout', ...this.describe(run.last), atMs });
    this.give(state, out);
    state.tidy();
  }

  /** True when the event could begin a match: for a key without state nothing else can happen. */
  canStart(event: E): boolean {
    this.facts.see(event);
    const truth = this.facts.truth;
    return this.compiled.automaton.start.moves.some((move) => move.kind === 'take' && move.test(truth));
  }

  /** The event is matched now. Its time may lie before the time of events matched earlier; it is never passed to `advance` by this call. */
  step(state: KeyState<E>, event: E, timeMs: number, out: PatternOutcome<E>[]): void {
    this.facts.see(event);
    const held = { event, seq: state.nextSeq, timeMs };
    for (let place = 0; place < state.runsByPlace.length; place++) {
      const runs = state.runsByPlace[place];
      if (runs !== undefined && runs.length > 0) this.stepPlace(state, this.place(place), runs, held);
    }
    if (this.canBegin) this.begin(state, held);
    if (this.branching.length > 0) this.keepBranches(state, out);
    if (this.moved.length > 0 || this.completed.length > 0) state.nextSeq++;
    for (const run of this.moved) this.insert(state, run);
    this.moved.length = 0;
    this.keepLimits(state, out);
    this.give(state, out);
    state.tidy();
  }

  private stepPlace(state: KeyState<E>, place: Place, runs: Run<E>[], held: Taken<E>['held']): void {
    const { facts } = this;
    const alike = place.uniform ? facts.movesAt(place, facts.truth) : undefined;
    if (alike !== undefined && isStill(alike, place) && this.isStillWhenLate(place)) return;
    state.runsByPlace[place.index] = undefined;
    const kept: Run<E>[] = [];
    for (const run of runs) {
      if (run.dead) { state.dead--; continue; }
      const late = this.isLate(run, place, held.timeMs);
      if (!late && alike === undefined) facts.lookFrom(run.last);
      const truth = late ? facts.nothingHolds : facts.truth;
      const moves = !late && alike !== undefined ? alike : facts.movesAt(place, truth);
      if (isStill(moves, place)) kept.push(run);
      else this.move(state, run, moves, truth, held);
    }
    if (kept.length > 0) state.runsByPlace[place.index] = kept;
  }

  /** An event that cannot be taken for its time is like one that fits no condition. */
  private isLate(run: Run<E>, place: Place, timeMs: number): boolean {
    return timeMs - run.start.timeMs >= this.withinMs || (place.windowMs > 0 && timeMs - run.last.held.timeMs >= place.windowMs);
  }

  private isStillWhenLate(place: Place): boolean {
    return isStill(this.facts.movesAt(place, this.facts.nothingHolds), place);
  }

  private move(state: KeyState<E>, run: Run<E>, moves: readonly Move[], truth: Truth, held: Taken<E>['held']): void {
    const stopped = moves.some((move) => move.kind === 'stop');
    state.kill(run);
    state.dead--;
    const before = this.moved.length;
    for (const move of moves) this.follow(move, { start: run.start, last: run.last, truth, held, stopped });
    if (this.moved.length > before + 1) this.branched(run.start, this.moved.length - before - 1);
  }

  private follow(move: Move, from: { start: Start<E>; last: Taken<E> | undefined; truth: Truth; held: Taken<E>['held']; stopped: boolean }): void {
    if (move.kind === 'stop') return;
    const last = move.kind === 'take' ? { held: from.held, step: move.step, before: from.last } : from.last;
    if (last === undefined) return;
    if (move.ends) this.completed.push({ startSeq: from.start.seq, last, byEvent: true });
    else if (!from.stopped) this.moved.push({ place: move.target, start: from.start, last, dead: false });
    if (move.completes?.(from.truth)) this.completed.push({ startSeq: from.start.seq, last, byEvent: true });
  }

  private begin(state: KeyState<E>, held: Taken<E>['held']): void {
    const { start: place } = this.compiled.automaton;
    this.facts.lookFrom(undefined);
    const { truth } = this.facts;
    let start: Start<E> | undefined;
    const before = this.moved.length;
    for (const move of place.moves) {
      if (move.kind !== 'take' || !move.test(truth)) continue;
      start ??= { seq: held.seq, timeMs: held.timeMs, live: 0, runs: [], branched: 0 };
      this.follow(move, { start, last: undefined, truth, held, stopped: false });
    }
    if (start === undefined || this.moved.length === before) return;
    state.starts.push(start);
    if (this.withinMs !== Infinity) state.windows.push(start.timeMs + this.withinMs, start);
  }

  private branched(start: Start<E>, count: number): void {
    if (start.branched === 0) this.branching.push(start);
    start.branched += count;
    this.branches += count;
  }

  /** Gives up the earliest of the beginnings that branched until the rest adds no more than it may. */
  private keepBranches(state: KeyState<E>, out: PatternOutcome<E>[]): void {
    const max = this.limits.branchesPerEventMax;
    if (this.branches > max) {
      this.branching.sort((a, b) => a.seq - b.seq);
      const givenUp = new Set<Start<E>>();
      let dropped = 0;
      for (const start of this.branching) {
        if (this.branches <= max) break;
        this.branches -= start.branched;
        givenUp.add(start);
        dropped += start.live;
        for (const run of start.runs) state.kill(run);
      }
      let kept = 0;
      for (const run of this.moved) if (!givenUp.has(run.start)) this.moved[kept++] = run;
      dropped += this.moved.length - kept;
      this.moved.length = kept;
      out.push({ kind: 'limit', limit: 'branchesPerEventMax', max, dropped });
    }
    for (const start of this.branching) start.branched = 0;
    this.branching.length = 0;
    this.branches = 0;
  }

  private insert(state: KeyState<E>, run: Run<E>): void {
    state.addRun(run);
    if (run.start.runs.length > 2 * run.start.live + 8) run.start.runs = run.start.runs.filter((other) => !other.dead);
    const { windowMs } = this.place(run.place);
    if (windowMs > 0) state.pauses.push(run.last.held.timeMs + windowMs, run);
  }

  /** Gives the complete matches whose turn has come; each ends what its skip strategy ends. */
  private give(state: KeyState<E>, out: PatternOutcome<E>[]): void {
    if (this.completed.length > 0) this.enqueue(state);
    let given = 0, dropped = 0;
    while (state.waiting.length > 0) {
      const match = state.waiting[0] as Waiting<E>;
      const earliest = this.compiled.skip.strategy === 'noSkip' ? undefined : state.earliest();
      if (earliest !== undefined && earliest.seq < match.startSeq) break;
      state.waiting.shift();
      this.skipAfter(state, match.last);
      if (given < this.limits.matchesPerEventMax) { out.push({ kind: 'match', ...this.describe(match.last), byEvent: match.byEvent }); given++; }
      else dropped++;
    }
    if (dropped > 0) out.push({ kind: 'limit', limit: 'matchesPerEventMax', max: this.limits.matchesPerEventMax, dropped });
  }

  /** Among matches with the same first event the one completed earlier comes first, then the one whose events came earlier. */
  private enqueue(state: KeyState<E>): void {
    const fresh = this.completed.sort((a, b) => a.startSeq - b.startSeq || compareTaken(a.last, b.last));
    const unique = fresh.filter((match, at) => at === 0 || !isSameTaken(match.last, (fresh[at - 1] as Waiting<E>).last));
    state.waiting = state.waiting.length === 0 ? unique : [...state.waiting, ...unique].sort((a, b) => a.startSeq - b.startSeq);
    this.completed.length = 0;
  }

  private skipAfter(state: KeyState<E>, last: Taken<E>): void {
    const bound = skipBound(this.compiled, last);
    if (bound === undefined) return;
    for (let start = state.earliest(); start !== undefined && start.seq <= bound; start = state.earliest()) for (const run of start.runs) state.kill(run);
    if (state.waiting.length > 0) state.waiting = state.waiting.filter((match) => match.startSeq > bound);
  }

  private keepLimits(state: KeyState<E>, out: PatternOutcome<E>[]): void {
    const { partialMatchesMax, heldEventsMax } = this.limits;
    const dropWhile = (limit: 'partialMatchesMax' | 'heldEventsMax', isOver: () => boolean): void => {
      let dropped = 0;
      for (let start = isOver() ? state.earliest() : undefined; start; start = isOver() ? state.earliest() : undefined) {
        for (const run of start.runs) if (!run.dead) { state.kill(run); dropped++; }
      }
      if (dropped > 0) out.push({ kind: 'limit', limit, max: this.limits[limit], dropped });
    };
    if (state.live > partialMatchesMax) dropWhile('partialMatchesMax', () => state.live > partialMatchesMax);
    if (state.nextSeq > heldEventsMax) dropWhile('heldEventsMax', () => state.nextSeq - (state.earliest()?.seq ?? state.nextSeq) > heldEventsMax);
  }

  private describe(last: Taken<E>): { steps: ReadonlyMap<string, readonly E[]>; firstTimeMs: number; lastTimeMs: number } {
    return stepsOf(last, this.compiled.automaton.steps);
  }

  private place(index: number): Place {
    const place = this.compiled.automaton.places[index];
    if (place === undefined) throw new WeirError('WEIR_PATTERN_INVALID', `place ${index} is not of this pattern`);
    return place;
  }
}

/** The event changes nothing for who waits here: it is only passed over. */
function isStill(moves: readonly Move[], place: Place): boolean {
  const [only] = moves;
  return moves.length === 1 && only !== undefined && only.kind === 'ignore' && only.target === place.index;
}
