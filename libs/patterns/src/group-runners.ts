import type { CompiledPattern } from './compile';
import type { StepCondition } from './condition';
import type { GroupKey, Noted } from './group-key';
import type { KeyState } from './key-state';
import { PatternMachine } from './machine';
import { defaultLimits, type PatternLimits, type PatternOutcome } from './outcome';
import { PredicateIndex, type FieldReader } from './predicate-index';
import { startConditions, triggerConditions } from './trigger';

/** One pattern of a group. */
export interface GroupMember<E> {
  /** Unique in the group and stable over restarts, e.g. `name@version`. */
  readonly id: string;
  readonly compiled: CompiledPattern<E>;
  /** It sees events from this position on. */
  readonly sinceOffset: number;
  /** False for a replaced pattern that only finishes what it has begun. */
  readonly begins: boolean;
}

export interface RunnerOptions<E> {
  readonly timeOf: (event: E) => number;
  readonly readField: FieldReader<E>;
  /** Whether partial matches that ran out of time are given; default false: then most patterns run only when a match can complete. */
  readonly timeouts?: boolean;
  readonly limits?: PatternLimits;
  /** Events noted per key before its patterns are run on them. */
  readonly notedEventsMax?: number;
}

export interface GroupOutcome<E> { readonly member: GroupMember<E>; readonly key: string; readonly outcome: PatternOutcome<E> }

const notedEventsMaxDefault = 4_096;

interface Runner<E> { readonly number: number; readonly member: GroupMember<E>; readonly machine: PatternMachine<E>; /** It need not run before an event that can complete a match. */ readonly deferred: boolean }

/** Runs the patterns of a group over the state of a key: those that an event may begin or complete, event by event or deferred. Holds no state of a key itself. */
export class GroupRunners<E> {
  /** Of the deferred patterns; 0 where there are none. */
  readonly longestWithinMs: number;
  readonly deferred: readonly Runner<E>[];
  private readonly runners: readonly Runner<E>[];
  /** Starts of deferred patterns: an event is noted once one of them holds. */
  private readonly noteIndex: PredicateIndex<E, number>;
  private readonly triggerIndex: PredicateIndex<E, number>;
  private readonly startIndex: PredicateIndex<E, number>;
  private readonly scratch: PatternOutcome<E>[] = [];
  private readonly touched: Uint8Array;

  constructor(members: readonly GroupMember<E>[], private readonly options: RunnerOptions<E>) {
    const { readField, timeouts = false, limits = defaultLimits } = options;
    this.noteIndex = new PredicateIndex(readField);
    this.triggerIndex = new PredicateIndex(readField);
    this.startIndex = new PredicateIndex(readField);
    this.runners = members.map((member, number) => {
      const { compiled, begins } = member;
      const triggers = timeouts || !begins ? undefined : deferralOf(compiled);
      const runner = { number, member, deferred: triggers !== undefined, machine: new PatternMachine(compiled, { timeouts, begins, limits }) };
      for (const condition of triggers ?? []) this.triggerIndex.add(condition, number);
      const starts = startConditions(compiled) ?? [{ key: '', iterative: true, holds: () => true }];
      if (begins) for (const condition of starts) (triggers ? this.noteIndex : this.startIndex).add(condition, number);
      return runner;
    });
    this.deferred = this.runners.filter((runner) => runner.deferred);
    this.longestWithinMs = Math.max(0, ...this.deferred.map((runner) => runner.member.compiled.withinMs ?? 0));
    this.touched = new Uint8Array(members.length);
  }

  of(number: number): Runner<E> {
    const runner = this.runners[number];
    if (runner === undefined) throw new RangeError(`pattern ${number} of ${this.runners.length}`);
    return runner;
  }

  /** Whether the event may begin anything. */
  concern(event: E): boolean { return this.noteIndex.any(event) || this.startIndex.any(event); }

  /** The patterns that the event may begin, in their order. */
  beginning(event: E): GroupMember<E>[] {
    const numbers = new Set<number>();
    const add = (number: number): boolean => { numbers.add(number); return false; };
    this.noteIndex.visit(event, add);
    this.startIndex.visit(event, add);
    return [...numbers].sort((a, b) => a - b).map((number) => this.of(number).member);
  }

  /** The key's clock reached a time: what waited for it is matched, what is over is given. */
  advance(entry: GroupKey<E>, watermarkMs: number, out: GroupOutcome<E>[]): void {
    for (let next = entry.release(watermarkMs); next !== undefined; next = entry.release(watermarkMs)) {
      const timeMs = this.options.timeOf(next.event);
      if (entry.deadlineMs <= timeMs) this.advanceStates(entry, timeMs, out);
      // Its own time is the clock now.
      this.match(entry, { ...next, lagMs: 0 }, out);
    }
    this.advanceStates(entry, watermarkMs, out);
  }

  private advanceStates(entry: GroupKey<E>, clockMs: number, out: GroupOutcome<E>[]): void {
    const given = out.length;
    if (entry.states.size > 0) for (const [number, state] of entry.states) {
      if (state.nextDeadlineMs > clockMs) continue;
      this.of(number).machine.advance(state, clockMs, this.scratch);
      this.emit(number, entry.key, out);
      if (state.isEmpty) entry.close(number, this.of(number).deferred);
    }
    sortByMember(out, given);
    if (entry.notedUntilMs <= clockMs - this.longestWithinMs) entry.dropNoted(entry.noted.length);
  }

  /** An event of the key, to be matched now. */
  match(entry: GroupKey<E>, at: Noted<E>, out: GroupOutcome<E>[]): void {
    const { event } = at, given = out.length;
    if (this.deferred.length > 0 && (entry.noted.length > 0 || this.noteIndex.any(event))) entry.note(at, this.longestWithinMs);
    for (const [number, state] of entry.states) { this.touched[number] = 1; this.step(entry, { number, state, at }, out); }
    this.startIndex.visit(event, (number) => { this.runNew(entry, number, at, out); return false; });
    if (entry.noted.length > 0) this.triggerIndex.visit(event, (number) => { this.runDeferred(entry, number, out); return false; });
    this.touched.fill(0);
    sortByMember(out, given);
    if (entry.noted.length >= (this.options.notedEventsMax ?? notedEventsMaxDefault)) this.runAllDeferred(entry, out);
  }

  private runNew(entry: GroupKey<E>, number: number, at: Noted<E>, out: GroupOutcome<E>[]): void {
    if (this.touched[number] === 1 || at.offset < this.of(number).member.sinceOffset) return;
    this.touched[number] = 1;
    this.step(entry, { number, state: entry.open(number), at }, out);
  }

  /** A deferred pattern is brought to where the key is; nothing is given. */
  catchUp(entry: GroupKey<E>, number: number): void {
    if (!entry.states.has(number)) this.runDeferred(entry, number, []);
    this.touched.fill(0);
  }

  /** Runs a deferred pattern over the events noted since it last was empty, the newest included. */
  private runDeferred(entry: GroupKey<E>, number: number, out: GroupOutcome<E>[]): void {
    if (this.touched[number] === 1) return;
    this.touched[number] = 1;
    const { machine, member } = this.of(number);
    const from = entry.floor(number), state = entry.open(number);
    for (let at = from; at < entry.noted.length; at++) {
      const noted = entry.noted[at] as Noted<E>;
      if (noted.offset < member.sinceOffset) continue;
      const timeMs = this.options.timeOf(noted.event);
      machine.advance(state, timeMs - noted.lagMs, this.scratch);
      machine.step(state, noted.event, timeMs, this.scratch);
    }
    this.emit(number, entry.key, out);
    if (state.isEmpty) entry.close(number, true);
    entry.forgetSeen(this.deferred);
  }

  /** A key with very many events runs its patterns from now on, so that it keeps only what partial matches hold. */
  private runAllDeferred(entry: GroupKey<E>, out: GroupOutcome<E>[]): void {
    for (const { number } of this.deferred) if (!entry.states.has(number)) { this.runDeferred(entry, number, out); this.touched[number] = 0; }
    entry.dropNoted(entry.noted.length);
  }

  private step(entry: GroupKey<E>, run: { readonly number: number; readonly state: KeyState<E>; readonly at: Noted<E> }, out: GroupOutcome<E>[]): void {
    const { number, state, at } = run;
    this.of(number).machine.step(state, at.event, this.options.timeOf(at.event), this.scratch);
    if (this.scratch.length > 0) this.emit(number, entry.key, out);
    if (!state.isEmpty) return;
    entry.close(number, this.of(number).deferred);
    entry.forgetSeen(this.deferred);
  }

  private emit(number: number, key: string, out: GroupOutcome<E>[]): void {
    const { member } = this.of(number);
    for (const outcome of this.scratch) out.push({ member, key, outcome });
    this.scratch.length = 0;
  }
}

/**
 * The conditions that must wake a pattern for it to be deferred; undefined when it has to run event by event. A condition that can be asked only at
 * once must be one of them: an event noted and passed by did not meet it, which is what it answers later.
 */
function deferralOf<E>(compiled: CompiledPattern<E>): readonly StepCondition<E>[] | undefined {
  if (compiled.withinMs === undefined) return undefined;
  const triggers = triggerConditions(compiled);
  return triggers !== undefined && compiled.conditions.every((condition) => !condition.immediate || triggers.includes(condition)) ? triggers : undefined;
}

/** Outcomes of one event in the order of their patterns, whatever the order they were run in. */
function sortByMember<E>(out: GroupOutcome<E>[], from: number): void {
  if (out.length - from < 2) return;
  const fresh = out.splice(from).sort((a, b) => (a.member.id === b.member.id ? 0 : a.member.id < b.member.id ? -1 : 1));
  for (const outcome of fresh) out.push(outcome);
}
