import { ByteWriter, WeirError } from '@weir/contracts';
import { DeadlineQueue } from './deadline-queue';
import { openRuns, type OpenRun } from './explain';
import { decodeGroupKey, encodeGroupKey, readDueMs } from './group-codec';
import { GroupKey } from './group-key';
import { GroupRunners, type GroupMember, type GroupOutcome, type RunnerOptions } from './group-runners';
import type { EventCodec } from './state-codec';

export interface GroupOptions<E> extends RunnerOptions<E> {
  /** What stands before a key where the state is told of, e.g. in the store. */
  readonly name?: string;
  /** For events kept whole, to be matched later. */
  readonly codec: EventCodec<E>;
  /** For events that a partial match holds; default `codec`. */
  readonly takenCodec?: EventCodec<E>;
  /** Events wait for the watermark and are matched in the order of time. */
  readonly ordered: boolean;
  /** Keys with state, in memory or not; above it no new key begins, and that is said. */
  readonly keysMax?: number;
  /** What `takeChanges` gave of a key, for keys that are not in memory; absent: all are kept. */
  readonly stored?: (key: string) => Uint8Array | undefined;
  /** Keys held in memory behind `takeChanges`, where `stored` can give the others. */
  readonly hotKeysMax?: number;
}

const keysMaxDefault = 5_000_000;
/** Resting is done down to this share of `hotKeysMax`, so that it is not done at every call. */
const restShare = 0.75;

/**
 * Many patterns over the same keys, sources and clock. A pattern whose matches only certain events can complete is *deferred*: a key notes its
 * events, and the pattern runs over them when such an event comes. As an automaton's state is a function of the events since, the outcome is the
 * same; but what never completes is never run, and the events are noted once for all patterns.
 *
 * A key that is not in use *rests*: of it only its name and the time at which something of it is over are in memory, the rest is read with `stored`
 * when an event of the key comes, or that time.
 */
export class PatternGroup<E> {
  private readonly keys = new Map<string, GroupKey<E>>();
  /** When something of a resting key is over; at most early. */
  private readonly resting = new Map<string, number>();
  /** Bytes of resting keys that `takeChanges` has not given yet. */
  private repacked = new Map<string, Uint8Array>();
  /** Those that it is giving. */
  private given: ReadonlyMap<string, Uint8Array> = new Map();
  private changed: GroupKey<E>[] = [];
  private readonly due = new DeadlineQueue<string>();
  private readonly runners: GroupRunners<E>;
  private readonly packing: Parameters<typeof encodeGroupKey<E>>[1];
  private readonly numberById: ReadonlyMap<string, number>;

  constructor(readonly members: readonly GroupMember<E>[], private readonly options: GroupOptions<E>) {
    this.runners = new GroupRunners(members, options);
    this.packing = { ...options, members, writer: new ByteWriter() };
    this.numberById = new Map(members.map(({ id }, number) => [id, number]));
  }

  /** Keys with state; of them, those in memory. */
  get keyCount(): number { return this.keys.size + this.resting.size; }
  get hotKeyCount(): number { return this.keys.size; }

  /**
   * An event of the key, at its place in the log; `watermarkMs` is that after it. Matched at once or, in an ordered group, once the watermark has
   * reached it. Answers false for an event of an ordered group that is older than the watermark: it has no effect.
   */
  accept(key: string, event: E, offset: number, watermarkMs: number, out: GroupOutcome<E>[]): boolean {
    let entry = this.find(key, offset);
    if (entry !== undefined) this.packBefore(entry);
    if (this.options.ordered) {
      const timeMs = this.options.timeOf(event);
      if (timeMs < watermarkMs) return false;
      entry ??= this.open(key, event, out);
      if (entry === undefined) return true;
      entry.lastOffset = offset;
      entry.wait({ event, offset, lagMs: timeMs - watermarkMs, bytes: undefined });
      if (timeMs === watermarkMs) this.runners.advance(entry, watermarkMs, out);
      this.settle(entry);
      return true;
    }
    if (entry === undefined && !this.runners.concern(event)) return true;
    entry ??= this.open(key, event, out);
    if (entry === undefined) return true;
    entry.lastOffset = offset;
    if (entry.deadlineMs <= watermarkMs) this.runners.advance(entry, watermarkMs, out);
    this.runners.match(entry, { event, offset, lagMs: this.options.timeOf(event) - watermarkMs, bytes: undefined }, out);
    this.settle(entry);
    return true;
  }

  /** The watermark reached a time, by the record at `offset`: what waited for it is given, key by key. */
  advance(watermarkMs: number, out: GroupOutcome<E>[], offset = Infinity): void {
    if (this.due.nextMs > watermarkMs) return;
    for (const key of [...this.takeDue(watermarkMs)].sort()) {
      const entry = this.find(key, offset);
      if (entry === undefined) continue;
      if (entry.deadlineMs > watermarkMs) { this.enqueue(entry); continue; }
      this.packBefore(entry);
      this.runners.advance(entry, watermarkMs, out);
      this.settle(entry);
    }
  }

  /** Resting keys of which something is over at a watermark, without waking them: what `stored` will be asked for. */
  restingDue(watermarkMs: number): string[] {
    return this.resting.size === 0 ? [] : this.due.dueAt(watermarkMs).filter((key) => (this.resting.get(key) ?? Infinity) <= watermarkMs);
  }

  isResting(key: string): boolean { return this.resting.has(key); }

  private takeDue(watermarkMs: number): Set<string> {
    const keys = new Set<string>();
    for (;;) {
      const atMs = this.due.nextMs, key = this.due.popDue(watermarkMs);
      if (key === undefined) return keys;
      const hot = this.keys.get(key);
      if (hot !== undefined) { if (hot.queuedMs === atMs) hot.queuedMs = Infinity; }
      else if (this.resting.get(key) !== atMs) continue;
      keys.add(key);
    }
  }

  /**
   * Keys whose state changed since the last call with their packed state; undefined: the key has none any more. Packed as they are read, to the
   * end before the next call; what they give is their state at the call. At the end keys that were not used go to rest.
   */
  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    const { changed } = this;
    this.changed = [];
    for (const entry of changed) {
      entry.listedAt = -1;
      entry.taken = entry.mayBeStored = this.keys.get(entry.key) === entry;
    }
    // A key that went and came back is listed twice; its newer state counts.
    const listed = changed.filter((entry) => entry.taken || !this.has(entry.key));
    this.given = this.repacked;
    this.repacked = new Map();
    return this.packTaken(listed, this.given);
  }

  private *packTaken(taken: readonly GroupKey<E>[], repacked: ReadonlyMap<string, Uint8Array>): Generator<readonly [key: string, value: Uint8Array | undefined]> {
    for (const entry of taken) {
      this.packBefore(entry);
      const { packed } = entry;
      entry.packed = undefined;
      yield [entry.key, packed];
    }
    yield* repacked;
    this.given = new Map();
    this.rest();
  }

  /** A key that is taken and not yet read is packed before anything changes it. */
  private packBefore(entry: GroupKey<E>): void {
    if (!entry.taken) return;
    entry.taken = false;
    entry.packed = encodeGroupKey(entry, this.packing, this.runners.longestWithinMs);
  }

  /** The key's packed state; undefined when it has none. */
  pack(key: string): Uint8Array | undefined {
    const entry = this.keys.get(key);
    return entry === undefined ? this.restingBytes(key) : encodeGroupKey(entry, this.packing, this.runners.longestWithinMs);
  }

  /** Sets a key's state to what `pack` gave, or to none; nothing is listed as changed. Patterns that the group lacks are left out. */
  load(key: string, bytes: Uint8Array | undefined): void {
    this.keys.delete(key);
    this.resting.delete(key);
    if (bytes === undefined) return;
    const entry = this.decode(key, bytes);
    this.keys.set(key, entry);
    this.enqueue(entry);
  }

  /** Says of a key what `stored` has of it: it rests until it is needed. Without `stored` it is loaded at once. */
  loadLater(key: string, bytes: Uint8Array): void {
    const dueMs = this.options.stored === undefined ? undefined : readDueMs(bytes);
    if (dueMs === undefined) { this.load(key, bytes); return; }
    this.resting.set(key, dueMs);
    if (dueMs < Infinity) this.due.push(dueMs, key);
  }

  /**
   * What this event would give now; nothing changes. In an ordered group an event gives nothing by itself.
   */
  simulate(key: string, event: E, offset: number, watermarkMs: number): GroupOutcome<E>[] {
    if (this.options.ordered) return [];
    const before = this.keys.get(key), restedMs = this.resting.get(key);
    const bytes = this.pack(key);
    const changedBefore = this.changed.length;
    const out: GroupOutcome<E>[] = [];
    if (bytes !== undefined) this.load(key, bytes);
    this.accept(key, event, offset, watermarkMs, out);
    this.changed.length = changedBefore;
    if (before !== undefined) this.keys.set(key, before);
    else {
      this.keys.delete(key);
      if (restedMs !== undefined) { this.resting.set(key, restedMs); if (restedMs < Infinity) this.due.push(restedMs, key); }
    }
    return out;
  }

  /**
   * Gives all state to a group of another set of patterns: those it shares go on where they are; those it only finishes keep what they have begun;
   * those it lacks are dropped. Kept events are written by this group's codec and read by `read`, so nothing of an older schema stays.
   */
  handOver(to: PatternGroup<E>, read: { readonly codec: EventCodec<E>; readonly takenCodec?: EventCodec<E> } = to.options): void {
    const finishing = this.runners.deferred.filter(({ member }) => to.members[to.numberById.get(member.id) ?? -1]?.begins === false);
    const give = (entry: GroupKey<E>, rests: boolean): void => {
      this.packBefore(entry);
      for (const { number } of finishing) this.runners.catchUp(entry, number);
      to.adopt(entry.key, encodeGroupKey(entry, this.packing, this.runners.longestWithinMs), { ...read, rests });
    };
    for (const entry of this.keys.values()) give(entry, false);
    for (const key of this.resting.keys()) give(this.decodeResting(key), true);
    // A key that went since the last call of takeChanges is still in the store.
    for (const { key } of this.changed) if (!to.has(key)) to.noteGone(key);
    this.forgetAll();
  }

  /** Partial matches of a key and a member that are alive now; a deferred one is run over what the key noted. Nothing changes. */
  openMatches(memberId: string, key: string): OpenRun<E>[] {
    const number = this.numberById.get(memberId), bytes = this.pack(key);
    if (number === undefined || bytes === undefined) return [];
    const entry = this.decode(key, bytes);
    const { member, deferred } = this.runners.of(number);
    if (deferred) this.runners.catchUp(entry, number);
    const state = entry.states.get(number);
    return state === undefined ? [] : openRuns(member.compiled, state);
  }

  /** Whether any key has a partial match of a pattern that runs event by event. O(keys). */
  holds(memberId: string): boolean {
    const number = this.numberById.get(memberId);
    if (number === undefined) return false;
    for (const entry of this.keys.values()) if (entry.states.has(number)) return true;
    for (const key of this.resting.keys()) if (this.decodeResting(key).states.has(number)) return true;
    return false;
  }

  /** Every key with state, and every key whose going is not yet told; the group is empty after it. */
  dropAll(): Set<string> {
    const keys = new Set([...this.keys.keys(), ...this.resting.keys(), ...this.changed.map(({ key }) => key)]);
    this.forgetAll();
    return keys;
  }

  private forgetAll(): void {
    this.keys.clear();
    this.resting.clear();
    this.repacked.clear();
    this.given = new Map();
    this.changed = [];
  }

  private has(key: string): boolean { return this.keys.has(key) || this.resting.has(key); }

  /**
   * The key's state in memory, woken if it rests.
   * @throws WeirError WEIR_FENCED when what the store has is not what was put there: another owner of the lane goes on with it.
   */
  private find(key: string, offset: number): GroupKey<E> | undefined {
    const hot = this.keys.get(key);
    if (hot !== undefined) { hot.wasUsed = true; return hot; }
    if (this.resting.size === 0 || !this.resting.has(key)) return undefined;
    const entry = this.decodeResting(key);
    if (entry.lastOffset >= offset) throw this.fenced(key, `has record ${entry.lastOffset} in it, which is not before ${offset}`);
    this.resting.delete(key);
    this.keys.set(key, entry);
    // Its place in the queue is void from here on; what was never written stays to be written.
    this.enqueue(entry);
    if (this.repacked.delete(key)) this.noteChange(entry);
    return entry;
  }

  private restingBytes(key: string): Uint8Array | undefined { return this.resting.has(key) ? this.repacked.get(key) ?? this.given.get(key) ?? this.options.stored?.(key) : undefined; }

  private decodeResting(key: string): GroupKey<E> {
    const bytes = this.restingBytes(key);
    if (bytes === undefined) throw this.fenced(key, 'is gone');
    return this.decode(key, bytes);
  }

  private fenced(key: string, what: string): WeirError { return new WeirError('WEIR_FENCED', `the state of patterns at ${this.options.name ?? ''}${key} ${what}: another owner of the lane goes on with it`); }

  private decode(key: string, bytes: Uint8Array): GroupKey<E> {
    try {
      const entry = decodeGroupKey(key, bytes, { members: this.members, numberById: this.numberById, ...this.options });
      entry.mayBeStored = true;
      return entry;
    } catch (cause) {
      if (!(cause instanceof WeirError)) throw cause;
      throw new WeirError('WEIR_STORE_FAILED', `the state of patterns at ${this.options.name ?? ''}${key} cannot be read: ${cause.message}`, { cause });
    }
  }

  /** Keys that changed since they were last written stay; of the others those that were not used since the last time go first. */
  private rest(): void {
    const { stored, hotKeysMax = Infinity } = this.options;
    if (stored === undefined || this.keys.size <= hotKeysMax) return;
    const restTo = Math.floor(hotKeysMax * restShare);
    for (const spare of [true, false]) {
      for (const [key, entry] of this.keys) {
        if (this.keys.size <= restTo) break;
        if (entry.listedAt >= 0 || (spare && entry.wasUsed)) continue;
        this.keys.delete(key);
        this.layToRest(entry);
      }
    }
    for (const entry of this.keys.values()) entry.wasUsed = false;
  }

  private layToRest({ key, deadlineMs, queuedMs }: GroupKey<E>): void {
    this.resting.set(key, deadlineMs);
    if (queuedMs !== deadlineMs && deadlineMs < Infinity) this.due.push(deadlineMs, key);
  }

  private adopt(key: string, bytes: Uint8Array, read: { readonly codec: EventCodec<E>; readonly takenCodec?: EventCodec<E>; readonly rests: boolean }): void {
    const entry = decodeGroupKey(key, bytes, { members: this.members, numberById: this.numberById, codec: read.codec, takenCodec: read.takenCodec ?? read.codec, timeOf: this.options.timeOf });
    for (const noted of entry.noted) noted.bytes = undefined;
    for (const noted of entry.waiting) noted.bytes = undefined;
    for (const number of [...entry.floors.keys()]) if (!this.runners.of(number).deferred) entry.setFloor(number, 0);
    if (this.runners.deferred.length === 0) entry.dropNoted(entry.noted.length);
    entry.forgetSeen(this.runners.deferred);
    entry.mayBeStored = true;
    this.keys.set(key, entry);
    this.settle(entry);
    if (!read.rests || entry.isEmpty || this.options.stored === undefined) return;
    this.repacked.set(key, encodeGroupKey(entry, this.packing, this.runners.longestWithinMs));
    this.keys.delete(key);
    this.layToRest(entry);
    this.unlist(entry);
  }

  /** A key of which the store still has something. */
  private noteGone(key: string): void {
    const entry = new GroupKey(key, this.options.timeOf);
    entry.mayBeStored = true;
    this.noteChange(entry);
  }

  /** Undefined where no more keys may have state: the patterns that the event would have begun say so. */
  private open(key: string, event: E, out: GroupOutcome<E>[]): GroupKey<E> | undefined {
    const { keysMax = keysMaxDefault } = this.options;
    if (this.keyCount >= keysMax) {
      for (const member of this.runners.beginning(event)) out.push({ member, key, outcome: { kind: 'limit', limit: 'keysMax', max: keysMax, dropped: 1 } });
      return undefined;
    }
    const entry = new GroupKey<E>(key, this.options.timeOf);
    this.keys.set(key, entry);
    return entry;
  }

  private noteChange(entry: GroupKey<E>): void {
    if (entry.listedAt >= 0) return;
    entry.listedAt = this.changed.length;
    this.changed.push(entry);
  }

  private unlist(entry: GroupKey<E>): void {
    const last = this.changed.pop();
    if (last !== undefined && last !== entry) { this.changed[entry.listedAt] = last; last.listedAt = entry.listedAt; }
    entry.listedAt = -1;
  }

  private settle(entry: GroupKey<E>): void {
    if (!entry.isEmpty) { this.noteChange(entry); this.enqueue(entry); return; }
    this.keys.delete(entry.key);
    if (entry.mayBeStored) this.noteChange(entry);
    else if (entry.listedAt >= 0) this.unlist(entry); // it came and went between two checkpoints
  }

  private enqueue(entry: GroupKey<E>): void {
    const deadlineMs = entry.updateDeadline(this.runners.longestWithinMs);
    if (deadlineMs < entry.queuedMs) { entry.queuedMs = deadlineMs; this.due.push(deadlineMs, entry.key); }
    if (this.due.size > 4 * this.keyCount + 64) this.due.retain((key, atMs) => (this.keys.get(key)?.queuedMs ?? this.resting.get(key)) === atMs);
  }
}
