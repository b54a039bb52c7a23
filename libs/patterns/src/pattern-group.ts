import { ByteWriter } from './bytes';
import type { CompiledPattern } from './compile';
import type { StepCondition } from './condition';
import { DeadlineQueue } from './deadline-queue';
import { decodeGroupKey, encodeGroupKey } from './group-codec';
import type { EventCodec } from './state-codec';
import { GroupKey, type Noted } from './group-key';
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

export interface GroupOptions<E> {
  readonly timeOf: (event: E) => number;
  readonly readField: FieldReader<E>;
  /** For events kept whole, to be matched later. */
  readonly codec: EventCodec<E>;
  /** For events that a partial match holds; default `codec`. */
  readonly takenCodec?: EventCodec<E>;
  /** Events wait for the watermark and are matched in the order of time. */
  readonly ordered: boolean;
  /** Whether partial matches that ran out of time are given; default false: then most patterns run only when a match can complete. */
  readonly timeouts?: boolean;
  readonly limits?: PatternLimits;
  /** Events noted per key before its patterns are run on them. */
  readonly notedEventsMax?: number;
}

export interface GroupOutcome<E> { readonly member: GroupMember<E>; readonly key: string; readonly outcome: PatternOutcome<E> }

const notedEventsMaxDefault = 4_096;

interface Runner<E> { readonly number: number; readonly member: GroupMember<E>; readonly machine: PatternMachine<E>; /** It need not run before an event that can complete a match. */ readonly deferred: boolean }

/**
 * Many patterns over the same keys, sources and clock. A pattern whose matches only certain events can complete is *deferred*: a key notes its
 * events, and the pattern runs over them when such an event comes. As an automaton's state is a function of the events since, the outcome is the
 * same; but what never completes is never run, and the events are noted once for all patterns.
 */
export class PatternGroup<E> {
  private readonly keys = new Map<string, GroupKey<E>>();
  private changed: GroupKey<E>[] = [];
  private readonly due = new DeadlineQueue<GroupKey<E>>();
  private readonly runners: readonly Runner<E>[];
  private readonly deferred: readonly Runner<E>[];
  /** Starts of deferred patterns: an event is noted once one of them holds. */
  private readonly noteIndex: PredicateIndex<E, number>;
  private readonly triggerIndex: PredicateIndex<E, number>;
  private readonly startIndex: PredicateIndex<E, number>;
  private readonly longestWithinMs: number;
  private readonly scratch: PatternOutcome<E>[] = [];
  private readonly touched: Uint8Array;
  private readonly packing: Parameters<typeof encodeGroupKey<E>>[1];
  private readonly numberById: ReadonlyMap<string, number>;

  constructor(readonly members: readonly GroupMember<E>[], private readonly options: GroupOptions<E>) {
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
    this.packing = { ...options, members, writer: new ByteWriter() };
    this.numberById = new Map(members.map(({ id }, number) => [id, number]));
  }

  /** Keys with state. */
  get keyCount(): number { return this.keys.size; }

  /**
   * An event of the key, at its place in the log; `watermarkMs` is that after it. Matched at once or, in an ordered group, once the watermark has
   * reached it. Answers false for an event of an ordered group that is older than the watermark: it has no effect.
   */
  accept(key: string, event: E, offset: number, watermarkMs: number, out: GroupOutcome<E>[]): boolean {
    let entry = this.keys.get(key);
    if (entry !== undefined) this.packBefore(entry);
    if (this.options.ordered) {
      const timeMs = this.options.timeOf(event);
      if (timeMs < watermarkMs) return false;
      entry ??= this.open(key);
      entry.wait({ event, offset, lagMs: timeMs - watermarkMs, bytes: undefined });
      if (timeMs === watermarkMs) this.advanceKey(entry, watermarkMs, out);
      this.settle(entry);
      return true;
    }
    if (entry === undefined && !this.noteIndex.any(event) && !this.startIndex.any(event)) return true;
    entry ??= this.open(key);
    if (entry.deadlineMs <= watermarkMs) this.advanceKey(entry, watermarkMs, out);
    this.match(entry, { event, offset, lagMs: this.options.timeOf(event) - watermarkMs, bytes: undefined }, out);
    this.settle(entry);
    return true;
  }

  /** The watermark reached a time: what waited for it is given, key by key. */
  advance(watermarkMs: number, out: GroupOutcome<E>[]): void {
    if (this.due.nextMs > watermarkMs) return;
    const keys = new Set<GroupKey<E>>();
    for (let entry = this.due.popDue(watermarkMs); entry !== undefined; entry = this.due.popDue(watermarkMs)) {
      entry.queuedMs = Infinity;
      if (this.keys.get(entry.key) === entry) keys.add(entry);
    }
    for (const entry of [...keys].sort((a, b) => (a.key < b.key ? -1 : 1))) {
      this.packBefore(entry);
      if (entry.deadlineMs <= watermarkMs) this.advanceKey(entry, watermarkMs, out);
      this.settle(entry);
    }
  }

  /**
   * Keys whose state changed since the last call with their packed state; undefined: the key has none any more. Packed as they are read, to the
   * end before the next call; what they give is their state at the call.
   */
  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    const { changed } = this;
    this.changed = [];
    for (const entry of changed) {
      entry.changed = false;
      entry.taken = this.keys.get(entry.key) === entry;
    }
    // A key that went and came back is listed twice; its newer state counts.
    return this.packTaken(changed.filter((entry) => entry.taken || !this.keys.has(entry.key)));
  }

  private *packTaken(taken: readonly GroupKey<E>[]): Generator<readonly [key: string, value: Uint8Array | undefined]> {
    for (const entry of taken) {
      this.packBefore(entry);
      const { packed } = entry;
      entry.packed = undefined;
      yield [entry.key, packed];
    }
  }

  /** A key that is taken and not yet read is packed before anything changes it. */
  private packBefore(entry: GroupKey<E>): void {
    if (!entry.taken) return;
    entry.taken = false;
    entry.packed = encodeGroupKey(entry, this.packing);
  }

  /** The key's packed state; undefined when it has none. */
  pack(key: string): Uint8Array | undefined {
    const entry = this.keys.get(key);
    return entry && encodeGroupKey(entry, this.packing);
  }

  /** Sets a key's state to what `pack` gave, or to none; nothing is listed as changed. Patterns that the group lacks are left out. */
  load(key: string, bytes: Uint8Array | undefined): void {
    this.keys.delete(key);
    if (bytes === undefined) return;
    const entry = decodeGroupKey(key, bytes, { members: this.members, numberById: this.numberById, ...this.options });
    this.keys.set(key, entry);
    this.enqueue(entry);
  }

  /**
   * What this event would give now; nothing changes. In an ordered group an event gives nothing by itself.
   */
  simulate(key: string, event: E, offset: number, watermarkMs: number): GroupOutcome<E>[] {
    if (this.options.ordered) return [];
    const before = this.keys.get(key);
    const bytes = this.pack(key);
    const changedBefore = this.changed.length, wasChanged = before?.changed ?? false;
    const out: GroupOutcome<E>[] = [];
    if (bytes !== undefined) this.load(key, bytes);
    this.accept(key, event, offset, watermarkMs, out);
    this.changed.length = changedBefore;
    if (before === undefined) this.keys.delete(key);
    else { this.keys.set(key, before); before.changed = wasChanged; }
    return out;
  }

  /**
   * Gives all state to a group of another set of patterns: those it shares go on where they are; those it only finishes keep what they have begun;
   * those it lacks are dropped. Kept events are written by this group's codec and read by `read`, so nothing of an older schema stays.
   */
  handOver(to: PatternGroup<E>, read: { readonly codec: EventCodec<E>; readonly takenCodec?: EventCodec<E> } = to.options): void {
    const finishing = this.deferred.filter(({ member }) => to.members[to.numberById.get(member.id) ?? -1]?.begins === false);
    for (const entry of this.keys.values()) {
      this.packBefore(entry);
      for (const { number } of finishing) if (!entry.states.has(number)) this.runDeferred(entry, number, []);
      this.touched.fill(0);
      const bytes = this.pack(entry.key);
      if (bytes !== undefined) to.adopt(entry.key, bytes, read);
    }
    // A key that went since the last call of takeChanges is still in the store.
    for (const { key } of this.changed) if (!to.keys.has(key)) to.changed.push(new GroupKey(key, this.options.timeOf));
    this.keys.clear();
    this.changed = [];
  }

  /** Whether any key has a partial match of a pattern that runs event by event. O(keys). */
  holds(memberId: string): boolean {
    const number = this.numberById.get(memberId);
    if (number !== undefined) for (const entry of this.keys.values()) if (entry.states.has(number)) return true;
    return false;
  }

  /** Every key with state, and every key whose going is not yet told; the group is empty after it. */
  dropAll(): Set<string> {
    const keys = new Set([...this.keys.keys(), ...this.changed.map(({ key }) => key)]);
    this.keys.clear();
    this.changed = [];
    return keys;
  }

  private adopt(key: string, bytes: Uint8Array, read: { readonly codec: EventCodec<E>; readonly takenCodec?: EventCodec<E> }): void {
    const entry = decodeGroupKey(key, bytes, { members: this.members, numberById: this.numberById, codec: read.codec, takenCodec: read.takenCodec ?? read.codec, timeOf: this.options.timeOf });
    for (const noted of entry.noted) noted.bytes = undefined;
    for (const noted of entry.waiting) noted.bytes = undefined;
    for (const number of [...entry.floors.keys()]) if (!this.runner(number).deferred) entry.setFloor(number, 0);
    if (this.deferred.length === 0) entry.dropNoted(entry.noted.length);
    entry.forgetSeen(this.deferred);
    this.keys.set(key, entry);
    this.settle(entry);
  }

  private advanceKey(entry: GroupKey<E>, watermarkMs: number, out: GroupOutcome<E>[]): void {
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
      this.runner(number).machine.advance(state, clockMs, this.scratch);
      this.emit(number, entry.key, out);
      if (state.isEmpty) entry.close(number, this.runner(number).deferred);
    }
    sortByMember(out, given);
    if (entry.notedUntilMs <= clockMs - this.longestWithinMs) entry.dropNoted(entry.noted.length);
  }

  private match(entry: GroupKey<E>, at: Noted<E>, out: GroupOutcome<E>[]): void {
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
    if (this.touched[number] === 1 || at.offset < this.runner(number).member.sinceOffset) return;
    this.touched[number] = 1;
    this.step(entry, { number, state: entry.open(number), at }, out);
  }

  /** Runs a deferred pattern over the events noted since it last was empty, the newest included. */
  private runDeferred(entry: GroupKey<E>, number: number, out: GroupOutcome<E>[]): void {
    if (this.touched[number] === 1) return;
    this.touched[number] = 1;
    const { machine, member } = this.runner(number);
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
    this.runner(number).machine.step(state, at.event, this.options.timeOf(at.event), this.scratch);
    if (this.scratch.length > 0) this.emit(number, entry.key, out);
    if (!state.isEmpty) return;
    entry.close(number, this.runner(number).deferred);
    entry.forgetSeen(this.deferred);
  }

  private emit(number: number, key: string, out: GroupOutcome<E>[]): void {
    const { member } = this.runner(number);
    for (const outcome of this.scratch) out.push({ member, key, outcome });
    this.scratch.length = 0;
  }

  private open(key: string): GroupKey<E> {
    const entry = new GroupKey<E>(key, this.options.timeOf);
    this.keys.set(key, entry);
    return entry;
  }

  private settle(entry: GroupKey<E>): void {
    if (!entry.changed) { entry.changed = true; this.changed.push(entry); }
    if (entry.isEmpty) this.keys.delete(entry.key);
    else this.enqueue(entry);
  }

  private enqueue(entry: GroupKey<E>): void {
    const deadlineMs = entry.updateDeadline(this.longestWithinMs);
    if (deadlineMs < entry.queuedMs) { entry.queuedMs = deadlineMs; this.due.push(deadlineMs, entry); }
    if (this.due.size > 4 * this.keys.size + 64) this.due.retain((other, atMs) => this.keys.get(other.key) === other && other.queuedMs === atMs);
  }

  private runner(number: number): Runner<E> {
    const runner = this.runners[number];
    if (runner === undefined) throw new RangeError(`pattern ${number} of ${this.runners.length}`);
    return runner;
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
