import type { ControlItem, EventItem, LaneItem, StreamEvent, Value } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import { FeatureEngine, compileFeatures, type EventContext, type FeaturePlan, type KeyedStates } from '@weir/features';
import type { Stage, StageState } from '@weir/pipeline';
import { mergeStates, type KeyedState } from '@weir/windows';
import { FeatureReads, type FeatureReadAnswer, type FeatureReadQuestion } from './feature-reads';
import type { ForeignShards } from './foreign-shards';
import { Horizons } from './horizons';
import { HotCache } from './hot-cache';
import { ProfileTables, tablePrefix } from './profile-tables';
import { decodeShard, encodeShard } from './state-shard';
import { nextRecords, type ViewRecord } from './view-register';

export interface FeatureStageOptions {
  readonly lane: number;
  /** Entity states held in memory, over all views. Default 200,000. */
  readonly hotStatesMax?: number;
  /** Profile rows held in memory. Default 200,000. */
  readonly hotProfilesMax?: number;
  /** Shards of other lanes; none by default. */
  readonly foreign?: ForeignShards;
  /** True: events change states and nothing is read, for a stage that others take shards from. */
  readonly effectsOnly?: boolean;
  /** A state of a back-fill, built beside the lane up to the record that brings it; undefined where it has none. */
  readonly built?: (id: string, stateKey: string) => Uint8Array | undefined;
  /** All states of a view in a back-fill: taken over into the lane's own with the record that brings it, for a lane whose back-fills do not stay. Default: read when they are met. */
  readonly takeOver?: (id: string, view: string) => Iterable<readonly [stateKey: string, shard: Uint8Array]>;
  /** Default: `resolveCanonicalSet`. */
  readonly resolveSet?: (canonicalJson: string) => DefinitionSet;
}

const hotStatesDefault = 200_000;
const hotProfilesDefault = 200_000;
/** Least states held per view, however many views there are. */
const hotStatesPerViewMin = 1_000;
/** Events looked up together: few enough that what they touch stays near until it is used. */
const eventsAhead = 32;
const prefix = 'fs/';
/** State key of the set whose views the states are of. */
export const viewSetKey = 'fs/-/set';
/** State key of what is remembered of the views. */
export const viewRecordsKey = 'fs/-/views';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Change = readonly [key: string, value: Uint8Array | undefined];

/** What is in force: a set compiled, with the states of its views. */
interface InForce {
  readonly plan: FeaturePlan;
  readonly engine: FeatureEngine;
  readonly records: readonly ViewRecord[];
  readonly states: readonly HotCache<KeyedState>[];
  readonly horizons: Horizons;
  readonly reads: FeatureReads;
}

/**
 * Turns accepted events into the features they are decided by: each event enters the states of its entities, then is read with itself as
 * the current event. Everything else in the lane passes; definitions and table changes hold for the events after them.
 */
export class FeatureStage implements Stage<LaneItem, LaneItem> {
  readonly name = 'feature-store';
  private readonly options: FeatureStageOptions;
  private readonly tables: ProfileTables;
  private stored: StageState | undefined;
  private inForce: InForce | undefined;
  private definitionsChanged = false;
  /** Views that are to be taken over with the next changes. */
  private takenOver: readonly ViewRecord[] = [];
  private positions: readonly number[] | undefined;
  /** Only a decision reads other lanes: it records the positions, which nothing else does. */
  private readsOtherLanes = false;
  private passed = -1;
  private readonly ahead: StreamEvent[] = [];
  private readonly context: { -readonly [K in keyof EventContext]: EventContext[K] };

  constructor(options: FeatureStageOptions) {
    this.options = options;
    this.tables = new ProfileTables(options.hotProfilesMax ?? hotProfilesDefault);
    this.context = { order: -1, profiles: undefined, horizonMs: () => -Infinity, sinceMs: (viewIndex) => this.sinceMs(viewIndex), wantsVector: true };
  }

  /** Id of the set in force; undefined before the first. */
  get setId(): string | undefined { return this.inForce?.plan.set.id; }
  get plan(): FeaturePlan | undefined { return this.inForce?.plan; }

  /** Rows of profile tables as of now. */
  get tableRows(): Pick<ProfileTables, 'row' | 'rows'> { return this.tables; }

  process(batch: readonly LaneItem[]): LaneItem[] {
    this.beginBatch(batch);
    const out = new Array<LaneItem>(batch.length);
    for (let i = 0; i < batch.length; i++) {
      const item = batch[i] as LaneItem;
      if (i % eventsAhead === 0) this.lookAhead(batch, i);
      if (item.kind === 'event') this.event(item);
      else if (this.control(item)) this.beginBatch(batch.slice(i + 1)); // other views, other shards
      out[i] = item;
    }
    this.passed = batch.at(-1)?.offset ?? this.passed;
    this.stateReads += batch.length * (this.inForce?.states.length ?? 0);
    return out;
  }

  /** States that the lane's records asked for. */
  stateReads = 0;
  /** Those of them that came from the store, since the set came into force. */
  get stateLoads(): number { return this.inForce?.states.reduce((sum, states) => sum + states.loads, 0) ?? 0; }

  /** What is remembered of each view: since when its history is whole, where it began, what it was filled with. */
  get viewRecords(): readonly ViewRecord[] { return this.inForce?.records ?? []; }

  /** State keys of some entities that were met lately, over all views. */
  someStateKeys(max: number, turn: number): string[] {
    const { inForce } = this, perView = Math.ceil(max / Math.max(1, inForce?.states.length ?? 1));
    return inForce?.states.flatMap((states, viewIndex) => states.some(perView, turn).map((key) => this.stateKey(inForce, viewIndex, key))) ?? [];
  }

  /** Offset of the last record whose effects are in the states in memory; -1 before the first. */
  get lastOffset(): number { return this.passed; }

  /** An entity's shard as of `lastOffset`, packed, for other lanes of this process; undefined for none. */
  shard(stateKey: string): Uint8Array | undefined {
    const { inForce } = this;
    const slash = stateKey.indexOf('/', prefix.length);
    const viewIndex = inForce?.records.findIndex((record) => record.view === stateKey.slice(prefix.length, slash)) ?? -1;
    const record = inForce?.records[viewIndex];
    const state = inForce?.states[viewIndex]?.peek(stateKey.slice(slash + 1));
    return record === undefined || state === undefined ? undefined : encodeShard(record, state);
  }

  simulate(input: LaneItem): LaneItem {
    const { inForce } = this;
    if (input.kind !== 'event' || inForce === undefined) return input;
    this.beginBatch([input]);
    const profiles = this.profilesOf(inForce, input);
    const context: EventContext = { ...this.context, order: Number.MAX_SAFE_INTEGER, profiles, wantsVector: this.wantsVector(inForce, input) };
    this.readsOtherLanes = input.decide && this.options.foreign !== undefined;
    return { ...input, vector: inForce.engine.simulate(input.event, context), profiles, positions: this.readsOtherLanes ? this.positions : undefined };
  }

  takeChanges(): Iterable<Change> {
    const parts: Iterable<Change>[] = [];
    const { inForce } = this;
    if (inForce !== undefined) {
      if (this.definitionsChanged) parts.push([[viewSetKey, encoder.encode(inForce.plan.set.canonicalJson)], [viewRecordsKey, encoder.encode(JSON.stringify(inForce.records))]]);
      this.definitionsChanged = false;
      parts.push(...this.takenOver.map((record) => this.takeOver(inForce, record)));
      this.takenOver = [];
      inForce.states.forEach((states, index) => parts.push(states.takeChanges(`${prefix}${inForce.records[index]?.view ?? ''}/`)));
    }
    parts.push(this.tables.takeChanges());
    return inTurn(parts);
  }

  async restore(state: StageState): Promise<void> {
    this.stored = state;
    this.inForce = undefined;
    this.definitionsChanged = false;
    this.takenOver = [];
    this.tables.restore(state);
    const json = state.get(viewSetKey);
    const views = state.get(viewRecordsKey);
    if (json === undefined || views === undefined) return;
    this.use(compileFeatures(this.resolve(decoder.decode(json))), readViewRecords(views));
  }

  /** Values of an entity now or at a time; a read that belongs to no event. @throws WeirError WEIR_NOT_FOUND for an unknown entity type, view or service. */
  read(question: FeatureReadQuestion): FeatureReadAnswer | undefined {
    return this.inForce?.reads.read(question);
  }

  private beginBatch(batch: readonly LaneItem[]): void {
    const { foreign } = this.options;
    if (foreign !== undefined) this.positions = foreign.begin(this.needs(batch));
  }

  /** State keys of the entities and profile rows that a batch's decided events meet. */
  needs(batch: readonly LaneItem[]): readonly string[] {
    const { inForce } = this;
    const keys = new Set<string>();
    if (inForce === undefined) return [];
    for (const item of batch) {
      if (item.kind !== 'event' || !item.decide) continue;
      for (const [viewIndex, key] of inForce.engine.keysOf(item.event)) keys.add(this.stateKey(inForce, viewIndex, key));
      for (const { table, slot } of inForce.plan.bySource.get(item.event.source)?.tables ?? []) keys.add(`${tablePrefix}${table}/${String(item.event.values[slot] ?? '')}`);
    }
    return [...keys];
  }

  private lookAhead(batch: readonly LaneItem[], from: number): void {
    const { ahead } = this;
    ahead.length = 0;
    for (let i = from; i < Math.min(batch.length, from + eventsAhead); i++) { const item = batch[i] as LaneItem; if (item.kind === 'event') ahead.push(item.event); }
    this.inForce?.engine.lookAhead(ahead);
  }

  private event(item: EventItem): void {
    const { inForce, context } = this;
    if (inForce === undefined) return;
    context.order = item.offset;
    context.profiles = this.profilesOf(inForce, item);
    context.horizonMs = inForce.horizons.at(item.time).of;
    context.wantsVector = this.wantsVector(inForce, item);
    this.readsOtherLanes = item.decide && this.options.foreign !== undefined;
    const vector = inForce.engine.process(item.event, context);
    item.profiles = context.profiles;
    if (item.vector !== undefined) return;
    item.vector = vector;
    if (this.readsOtherLanes) item.positions = this.positions;
  }

  /** A vector that is there already was recorded when the event was decided: then the event only changes states. */
  private wantsVector(inForce: InForce, item: EventItem): boolean {
    if (item.vector !== undefined || this.options.effectsOnly === true) return false;
    return item.decide || (inForce.plan.bySource.get(item.event.source)?.wantsVector ?? false);
  }

  /** True when other definitions are in force from here on. */
  private control(item: ControlItem): boolean {
    if (item.kind === 'table') for (const change of item.tableChanges ?? []) this.tables.apply(change);
    if (item.kind !== 'definitions' || item.json === undefined || (item.setId === this.setId && item.backfill === undefined)) return false;
    const plan = compileFeatures(this.resolve(item.json));
    this.use(plan, nextRecords(plan, this.inForce?.records ?? [], item), item.offset);
    this.definitionsChanged = true;
    // What came with an earlier record of this batch is void where the view begins anew.
    if (this.options.takeOver !== undefined) this.takenOver = (this.inForce?.records ?? []).filter((record) => record.built !== undefined && (record.epoch === item.offset || this.takenOver.includes(record)));
    return true;
  }

  private *takeOver({ plan, records }: InForce, record: ViewRecord): Generator<Change> {
    const kernel = plan.views[records.indexOf(record)]?.kernel;
    if (record.built === undefined || kernel === undefined) return;
    for (const [stateKey, shard] of this.options.takeOver?.(record.built.id, record.view) ?? []) {
      const state = decodeShard(shard, kernel, { meaning: record.meaning });
      if (state !== undefined) yield [stateKey, encodeShard(record, state)];
    }
  }

  private resolve(json: string): DefinitionSet { return (this.options.resolveSet ?? resolveCanonicalSet)(json); }

  /** Views that begin at `begunAt` have nothing in the store. */
  private use(plan: FeaturePlan, records: readonly ViewRecord[], begunAt = -1): void {
    const before = this.inForce;
    const perView = Math.max(hotStatesPerViewMin, Math.floor((this.options.hotStatesMax ?? hotStatesDefault) / Math.max(1, plan.views.length)));
    const states = records.map((record, viewIndex) => {
      const old = before?.records.findIndex((other) => other.view === record.view && other.epoch === record.epoch) ?? -1;
      const kept = before?.states[old];
      const kernel = plan.views[viewIndex]?.kernel;
      if (kept !== undefined) return kept;
      return new HotCache<KeyedState>(perView, {
        load: (key) => {
          const stateKey = `${prefix}${record.view}/${key}`;
          const bytes = this.stored?.get(stateKey);
          const state = bytes === undefined || kernel === undefined ? undefined : decodeShard(bytes, kernel, record);
          if (state !== undefined || kernel === undefined || record.built === undefined) return state;
          const built = this.options.built?.(record.built.id, stateKey);
          return built === undefined ? undefined : decodeShard(built, kernel, { meaning: record.meaning });
        },
        pack: (state) => encodeShard(record, state),
      }, record.built !== undefined || record.epoch !== begunAt);
    });
    const keyed: KeyedStates = {
      find: (viewIndex, key) => states[viewIndex]?.get(key),
      findAll: (viewIndex, keys, into) => states[viewIndex]?.findAll(keys, into),
      add: (viewIndex, key, state) => states[viewIndex]?.set(key, state),
      touch: (viewIndex, key) => states[viewIndex]?.touch(key),
      ...(this.options.foreign === undefined ? {} : { forRead: (viewIndex: number, key: string, own: KeyedState | undefined, row: number) => this.merged(viewIndex, key, own, this.readsOtherLanes ? 'begun' : 'own', row) }),
    };
    this.inForce = {
      plan, records, states, engine: new FeatureEngine(plan, keyed), horizons: new Horizons(plan),
      reads: new FeatureReads(plan, {
        find: (viewIndex, key) => this.merged(viewIndex, key, states[viewIndex]?.peek(key), 'now').state,
        sinceMs: (viewIndex) => this.sinceMs(viewIndex),
      }),
    };
  }

  /** The own shard with those of the other lanes, lower lanes earlier. Of events at the current one's time, higher lanes' do not count. */
  private merged(viewIndex: number, key: string, own: KeyedState | undefined, asOf: 'begun' | 'now' | 'own', currentRow = -1): { state: KeyedState | undefined; currentRow: number } {
    const { foreign, lane } = this.options;
    const { inForce } = this;
    const plan = inForce?.plan.views[viewIndex];
    if (foreign === undefined || asOf === 'own' || inForce === undefined || plan === undefined) return { state: own, currentRow };
    const parts: Array<{ readonly lane: number; readonly state: KeyedState }> = own === undefined ? [] : [{ lane, state: own }];
    for (const other of foreign.lanes) {
      const stateKey = this.stateKey(inForce, viewIndex, key);
      const bytes = asOf === 'now' ? foreign.now(other, stateKey) : foreign.shard(other, stateKey);
      const state = bytes === undefined ? undefined : decodeShard(bytes, plan.kernel, { meaning: plan.meaning });
      if (state !== undefined) parts.push({ lane: other, state });
    }
    if (parts.length === 0 || (parts.length === 1 && own !== undefined)) return { state: own, currentRow };
    parts.sort((a, b) => a.lane - b.lane);
    const current = currentRow < 0 ? undefined : { part: parts.findIndex((part) => part.state === own), row: currentRow };
    return mergeStates(plan.kernel, parts.map((part) => part.state), current);
  }

  private stateKey(inForce: InForce, viewIndex: number, key: string): string { return `${prefix}${inForce.records[viewIndex]?.view ?? ''}/${key}`; }

  private sinceMs(viewIndex: number): number { return this.inForce?.records[viewIndex]?.sinceMs ?? -Infinity; }

  private profilesOf(inForce: InForce, item: EventItem): EventItem['profiles'] {
    const source = inForce.plan.bySource.get(item.event.source);
    if (source === undefined || source.tables.length === 0) return undefined;
    let profiles: Map<string, Readonly<Record<string, Value>>> | undefined;
    for (const { table, slot } of source.tables) {
      const row = this.tables.row(table, item.event.values[slot] ?? null);
      if (row !== undefined) (profiles ??= new Map()).set(table, row);
    }
    return profiles;
  }
}

function* inTurn(parts: readonly Iterable<Change>[]): Generator<Change> { for (const part of parts) yield* part; }

/** What was stored under `viewRecordsKey`. */
export function readViewRecords(bytes: Uint8Array): ViewRecord[] {
  const records: unknown = JSON.parse(decoder.decode(bytes));
  return Array.isArray(records) ? (records as ViewRecord[]) : [];
}
