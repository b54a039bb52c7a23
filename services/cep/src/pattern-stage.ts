import { WeirError, type ControlItem, type EventItem, type LaneItem, type LaneTime, type PatternMatch, type StreamEvent } from '@weir/contracts';
import { emptySet, resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import { defaultLimits, EventContext, type GroupOutcome, type PatternLimits } from '@weir/patterns';
import type { Stage, StageState } from '@weir/pipeline';
import { patternId, planGroups, type PlannedGroup, type PlannedPattern } from './stage-plan';
import { readMeta, writeMeta } from './stage-meta';
import { metaKey, setKey, statePrefix } from './state-keys';

/** A partial match: ids of its events by step, how many, the steps that may come next, and since and until when it lives (Infinity: for ever). */
export interface OpenMatch { readonly steps: Readonly<Record<string, readonly string[]>>; readonly taken: number; readonly awaits: readonly string[]; readonly sinceMs: number; readonly untilMs: number }

export interface PatternStageOptions {
  /** Whether partial matches that ran out of time are given as matches of kind `timeout` for every pattern; default: for those with `on_timeout` alone. They cost far more than matches: most partial matches end so. */
  readonly timeouts?: boolean;
  readonly limits?: PatternLimits;
  /** Keys with state per group of patterns (default 5,000,000); one more begins nothing, and that is said. */
  readonly keysMax?: number;
  /** Keys held in memory, over all groups (default 100,000), besides those that changed since `takeChanges`; the others are read from the store when they are needed. */
  readonly hotKeysMax?: number;
}

const keysMaxDefault = 5_000_000;
const hotKeysMaxDefault = 100_000;

/**
 * Matches the patterns of the set in force, per key, over the events of a lane: fills `matches` and `patternsKeyed`. A set is switched between
 * two events; patterns that mean the same go on where they are. State is written per group of patterns and key, and keys that are not in use rest in
 * the store.
 */
export class PatternStage implements Stage<LaneItem, LaneItem> {
  readonly name = 'cep';
  private readonly context = new EventContext();
  private readonly limits: PatternLimits;
  private readonly timeouts: boolean;
  private set: DefinitionSet = emptySet();
  private planned: PlannedPattern[] = [];
  private setById = new Map<string, DefinitionSet>();
  private groups = new Map<string, PlannedGroup>();
  private groupsBySource = new Map<string, readonly PlannedGroup[]>();
  private readonly gone = new Set<string>();
  private metaChanged = false;
  private time: LaneTime | undefined;
  private readonly out: GroupOutcome<StreamEvent>[] = [];
  private lateCount = 0;
  private limitCount = 0;
  private timeoutCount = 0;
  private stored: StageState | undefined;
  private meanBytes = 0;

  constructor(private readonly options: PatternStageOptions = {}) {
    this.limits = options.limits ?? defaultLimits;
    this.timeouts = options.timeouts ?? false;
  }

  /** Events of ordered patterns that came after the watermark had passed them; counted per pattern group. */
  get lateEvents(): number { return this.lateCount; }

  /** How often a pattern gave up partial matches of a key at its bound, and how many time-outs were given. */
  get limitsReached(): number { return this.limitCount; }
  get timeoutsGiven(): number { return this.timeoutCount; }
  /** About what the state takes, bytes: the mean of what was written or read last, for every key. */
  get stateBytes(): number { return Math.round(this.meanBytes * this.keyCount); }

  /** Keys with state, over all groups of patterns. */
  get keyCount(): number { let count = 0; for (const { group } of this.groups.values()) count += group.keyCount; return count; }
  /** Of them, those in memory. */
  get hotKeyCount(): number { let count = 0; for (const { group } of this.groups.values()) count += group.hotKeyCount; return count; }

  process(batch: readonly LaneItem[]): LaneItem[] {
    for (const item of batch) {
      const released = this.advance(item);
      if (item.kind === 'event') this.match(item, released);
      else {
        item.matches = released;
        if (item.kind === 'definitions') this.apply(item);
      }
    }
    return [...batch];
  }

  /** Resting keys that a batch's events meet, or of which time ends something during it. */
  needs(batch: readonly LaneItem[]): readonly string[] {
    const keys = new Set<string>();
    for (const item of batch) {
      if (item.kind !== 'event') continue;
      for (const planned of this.groupsBySource.get(item.event.source) ?? []) {
        const key = planned.keyBySource.get(item.event.source)?.(item.event);
        if (key !== undefined && planned.group.isResting(key)) keys.add(statePrefix(planned.id) + key);
      }
    }
    const last = batch.at(-1);
    if (last !== undefined) for (const planned of this.groups.values()) for (const key of planned.group.restingDue(watermarkOf(planned, last.time))) keys.add(statePrefix(planned.id) + key);
    return [...keys];
  }

  /** Type of the entity that a pattern in force goes by; null for none of that name. */
  entityOf(pattern: string): string | null { return this.set.patterns.get(pattern)?.entity ?? null; }

  /** Partial matches of a key that are alive now; nothing changes. */
  openMatches(pattern: string, key: string): OpenMatch[] {
    const found: OpenMatch[] = [];
    for (const { group, patternById } of this.groups.values()) {
      for (const { id } of group.members) {
        if (patternById.get(id)?.pattern.name !== pattern) continue;
        for (const { steps, ...open } of group.openMatches(id, key)) found.push({ ...open, steps: Object.fromEntries([...steps].map(([step, events]) => [step, events.map((event) => event.id)])) });
      }
    }
    return found;
  }

  simulate(input: LaneItem): LaneItem {
    if (input.kind !== 'event') return { ...input };
    const item: EventItem = { ...input, matches: [], patternsKeyed: [] };
    const matches: PatternMatch[] = [], keyed: string[] = [];
    this.context.enter(item);
    for (const planned of this.groupsBySource.get(item.event.source) ?? []) {
      const key = planned.keyBySource.get(item.event.source)?.(item.event);
      if (key === undefined) continue;
      keyed.push(...planned.decisive);
      this.describe(planned, planned.group.simulate(key, item.event, item.offset, watermarkOf(planned, item.time)), { item, byEvent: true }, matches);
    }
    this.context.leave();
    item.matches = matches;
    item.patternsKeyed = keyed;
    return item;
  }

  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    const changes: Array<readonly [key: string, value: Uint8Array | undefined]> = [...this.gone].sort().map((key) => [key, undefined]);
    this.gone.clear();
    if (this.metaChanged) {
      this.metaChanged = false;
      changes.push([metaKey, writeMeta(this.set.id, this.planned)]);
      for (const [id, set] of this.setById) changes.push([setKey(id), Buffer.from(set.canonicalJson)]);
    }
    return this.withGroups(changes, [...this.groups.values()].map(({ id, group }) => ({ prefix: statePrefix(id), taken: group.takeChanges() })));
  }

  /** Keys are packed as they are read. */
  private *withGroups(changes: Iterable<readonly [key: string, value: Uint8Array | undefined]>, groups: ReadonlyArray<{ readonly prefix: string; readonly taken: Iterable<readonly [key: string, value: Uint8Array | undefined]> }>): Generator<readonly [key: string, value: Uint8Array | undefined]> {
    yield* changes;
    const written = new MeanSize();
    for (const { prefix, taken } of groups) {
      for (const [key, value] of taken) {
        written.add(value);
        yield [prefix + key, value];
      }
    }
    this.meanBytes = written.or(this.meanBytes);
  }

  restore(state: StageState): Promise<void> {
    this.clear();
    this.stored = state;
    const bytes = state.get(metaKey);
    if (bytes === undefined) return Promise.resolve();
    const meta = readMeta(bytes);
    const setOf = (id: string): DefinitionSet => {
      const json = state.get(setKey(id));
      if (json === undefined) throw new WeirError('WEIR_STORE_FAILED', `the state of cep names set ${id}, which is not in the store`);
      return resolveCanonicalSet(Buffer.from(json).toString('utf8'));
    };
    this.set = setOf(meta.setId);
    this.planned = meta.patterns.flatMap(({ id, setId, sinceOffset, begins }) => {
      const set = setOf(setId);
      this.setById.set(setId, set);
      const pattern = [...set.patterns.values()].find((each) => patternId(each) === id);
      return pattern ? [{ id, pattern, sinceOffset, begins, setId }] : [];
    });
    this.setById.set(this.set.id, this.set);
    this.groups = planGroups(this.set, this.planned, this.planOptions());
    this.indexGroups();
    const read = new MeanSize();
    for (const { id, group } of this.groups.values()) {
      const prefix = statePrefix(id);
      for (const [key, value] of state.scan(prefix)) {
        group.loadLater(key.slice(prefix.length), value);
        read.add(value);
      }
    }
    this.meanBytes = read.or(0);
    return Promise.resolve();
  }

  private clear(): void {
    this.set = emptySet();
    this.planned = [];
    this.setById = new Map();
    this.groups = new Map();
    this.indexGroups();
    this.gone.clear();
    this.metaChanged = false;
    this.time = undefined;
    this.meanBytes = 0;
  }

  private count(): GroupOutcome<StreamEvent>[] {
    const outcomes = this.out.splice(0);
    for (const { outcome } of outcomes) {
      if (outcome.kind === 'limit') this.limitCount++;
      else if (outcome.kind === 'timeout') this.timeoutCount++;
    }
    return outcomes;
  }

  /** What time alone gives at this record. */
  private advance(item: LaneItem): PatternMatch[] {
    if (item.time === this.time) return [];
    this.time = item.time;
    const matches: PatternMatch[] = [];
    for (const planned of this.groups.values()) {
      planned.group.advance(watermarkOf(planned, item.time), this.out, item.offset);
      if (this.out.length > 0) this.describe(planned, this.count(), { item, byEvent: false }, matches);
    }
    return matches;
  }

  private match(item: EventItem, matches: PatternMatch[]): void {
    const { event } = item;
    const groups = this.groupsBySource.get(event.source);
    if (groups === undefined) { item.matches = matches; return; }
    let keyed: readonly string[] = [];
    this.context.enter(item);
    for (const planned of groups) {
      const key = planned.keyBySource.get(event.source)?.(event);
      if (key === undefined) continue;
      keyed = keyed.length === 0 ? planned.decisive : [...keyed, ...planned.decisive];
      if (planned.ordered) this.context.keep(item);
      const watermarkMs = watermarkOf(planned, item.time);
      if (!planned.group.accept(key, event, item.offset, watermarkMs, this.out)) this.tellLate(planned, { event, key, lateByMs: watermarkMs - event.timeMs }, matches);
      if (this.out.length > 0) this.describe(planned, this.count(), { item, byEvent: !planned.ordered }, matches);
    }
    this.context.leave();
    item.matches = matches;
    item.patternsKeyed = keyed;
  }

  /** The event has no effect on the group's patterns, and each of them says so. */
  private tellLate({ group, patternById }: PlannedGroup, { event, key, lateByMs }: { readonly event: StreamEvent; readonly key: string; readonly lateByMs: number }, into: PatternMatch[]): void {
    this.lateCount++;
    for (const { id, begins } of group.members) {
      const pattern = patternById.get(id)?.pattern;
      if (pattern === undefined || pattern.mode === 'off' || !begins) continue;
      into.push({ pattern: pattern.name, version: pattern.version, mode: pattern.mode, kind: 'late', key, events: { late: [event.id] }, firstTimeMs: event.timeMs, lastTimeMs: event.timeMs, byEvent: true, lateByMs });
    }
  }

  private describe(planned: PlannedGroup, outcomes: readonly GroupOutcome<StreamEvent>[], at: { readonly item: LaneItem; readonly byEvent: boolean }, into: PatternMatch[]): void {
    const { item } = at, nowMs = item.kind === 'event' ? item.event.timeMs : item.receivedAtMs;
    for (const { member, key, outcome } of outcomes) {
      const pattern = planned.patternById.get(member.id)?.pattern;
      if (pattern === undefined || pattern.mode === 'off') continue;
      const shared = { pattern: pattern.name, version: pattern.version, mode: pattern.mode, kind: outcome.kind, key };
      if (outcome.kind === 'limit') { into.push({ ...shared, events: {}, firstTimeMs: nowMs, lastTimeMs: nowMs, byEvent: at.byEvent, limit: { name: outcome.limit, max: outcome.max, dropped: outcome.dropped } }); continue; }
      const events = Object.fromEntries([...outcome.steps].map(([step, taken]) => [step, taken.map((event) => event.id)]));
      into.push({ ...shared, events, firstTimeMs: outcome.firstTimeMs, lastTimeMs: outcome.lastTimeMs, byEvent: at.byEvent && outcome.kind === 'match' && outcome.byEvent });
    }
  }

  /** The set of this record holds for the events after it. */
  private apply(item: ControlItem): void {
    if (item.json === undefined || (item.backfill !== undefined && item.setId === this.set.id)) return;
    const set = resolveCanonicalSet(item.json);
    const planned = nextPatterns({ before: this.planned.filter((each) => each.begins || this.isUnfinished(each.id)), set, fromOffset: item.offset });
    const groups = planGroups(set, planned, this.planOptions());
    for (const [id, old] of this.groups) {
      const next = groups.get(id);
      if (next?.group === old.group) continue;
      if (next) old.group.handOver(next.group, old.readInto(set));
      else for (const key of old.group.dropAll()) this.gone.add(statePrefix(id) + key);
    }
    this.set = set;
    this.planned = planned;
    this.groups = groups;
    this.indexGroups();
    const setIds = new Set([set.id, ...planned.map(({ setId }) => setId)]);
    const known = new Map([...this.setById, [set.id, set]]);
    for (const id of this.setById.keys()) if (!setIds.has(id)) this.gone.add(setKey(id));
    this.setById = new Map([...known].filter(([id]) => setIds.has(id)));
    for (const id of setIds) this.gone.delete(setKey(id));
    this.metaChanged = true;
    this.time = undefined;
  }

  /** A replaced pattern without a partial match anywhere is done. */
  private isUnfinished(id: string): boolean {
    for (const { group } of this.groups.values()) if (group.holds(id)) return true;
    return false;
  }

  private indexGroups(): void {
    const bySource = new Map<string, PlannedGroup[]>();
    for (const [, planned] of [...this.groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const source of planned.keyBySource.keys()) bySource.set(source, [...bySource.get(source) ?? [], planned]);
    }
    this.groupsBySource = bySource;
  }

  private planOptions(): Parameters<typeof planGroups>[2] {
    const { stored } = this, { keysMax = keysMaxDefault, hotKeysMax = hotKeysMaxDefault } = this.options;
    return {
      context: this.context, timeouts: this.timeouts, limits: this.limits, keysMax, hotKeysMax, before: this.groups,
      stored: stored && ((groupId, key) => stored.get(statePrefix(groupId) + key)),
    };
  }
}

/** Patterns after a change: those that mean the same stay, changed ones finish or end, new ones see events from here on. */
function nextPatterns({ before, set, fromOffset }: { readonly before: readonly PlannedPattern[]; readonly set: DefinitionSet; readonly fromOffset: number }): PlannedPattern[] {
  const byId = new Map(before.map((planned) => [planned.id, planned]));
  const inForce = [...set.patterns.values()].filter((pattern) => pattern.mode !== 'off');
  const next = inForce.map((pattern): PlannedPattern => {
    const known = byId.get(patternId(pattern));
    return { id: patternId(pattern), pattern, begins: true, setId: set.id, sinceOffset: known?.begins ? known.sinceOffset : fromOffset };
  });
  const ids = new Set(next.map(({ id }) => id));
  const names = new Map(inForce.map((pattern) => [pattern.name, pattern]));
  const finishing = before.filter(({ id, pattern }) => !ids.has(id) && names.get(pattern.name)?.onChange === 'finish').map((planned) => ({ ...planned, begins: false }));
  return [...next, ...finishing].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The lowest watermark of the group's sources; a source with no event yet holds nothing back. */
function watermarkOf(planned: PlannedGroup, time: LaneTime): number {
  let lowest = Infinity;
  for (const source of planned.sources) {
    const watermarkMs = time.watermarkMsBySource.get(source);
    if (watermarkMs !== undefined && watermarkMs < lowest) lowest = watermarkMs;
  }
  return lowest === Infinity ? -Infinity : lowest;
}

class MeanSize {
  private bytes = 0;
  private values = 0;
  add(value: Uint8Array | undefined): void { if (value !== undefined) { this.bytes += value.length; this.values += 1; } }
  or(unknown: number): number { return this.values === 0 ? unknown : this.bytes / this.values; }
}
