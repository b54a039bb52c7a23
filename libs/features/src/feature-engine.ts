import { eventKey, type FeatureVector, type StreamEvent, type Value } from '@weir/contracts';
import { emptyFrame, type ConditionFrame } from '@weir/definitions';
import { KeyedState } from '@weir/windows';
import type { FeaturePlan, ViewStep } from './feature-plan';
import type { ViewPlan } from './view-plan';

/** Where the engine's states live. `viewIndex` counts the plan's views. */
export interface KeyedStates {
  find(viewIndex: number, key: string): KeyedState | undefined;
  /** Those of many keys that are at hand. */
  findAll?(viewIndex: number, keys: readonly string[], into: KeyedState[]): void;
  /** Takes a state that was just made. */
  add(viewIndex: number, key: string, state: KeyedState): void;
  /** Says that a state changed. */
  touch(viewIndex: number, key: string, state: KeyedState): void;
  /** Replaces a state for reading, e.g. by one merged with other lanes' shards; the identity where there is one lane. */
  forRead?(viewIndex: number, key: string, own: KeyedState | undefined, currentRow: number): { readonly state: KeyedState | undefined; readonly currentRow: number };
}

export interface EventContext {
  /** Place in the log; breaks ties of time and makes effects idempotent. */
  readonly order: number;
  readonly profiles: ReadonlyMap<string, Readonly<Record<string, Value>>> | undefined;
  /** No read comes before this time, by view; what lies wholly before it may be forgotten. */
  readonly horizonMs: (viewIndex: number) => number;
  /** Where a view's history begins, ms; -Infinity when it has seen all. */
  readonly sinceMs: (viewIndex: number) => number;
  /** False: only the effects, no vector. */
  readonly wantsVector: boolean;
}

/** Applies events to the states of their entities and reads the vector each one decides by. */
export class FeatureEngine {
  private readonly frame: ConditionFrame = emptyFrame();
  private readonly at = { readMs: 0, currentRow: -1, sinceMs: -Infinity };
  private values: Value[] = [];
  private passes = new Uint8Array(64);

  private readonly near: KeyedState[] = [];
  private readonly keys: string[] = [];
  /** Of no meaning; what is read ahead must be used for something. */
  private readAhead = 0;

  constructor(readonly plan: FeaturePlan, private readonly states: KeyedStates) {}

  /**
   * Looks up what the next few events (those of the first one's source) will touch. Nothing changes: states lie scattered in memory, and asking for many at once takes little
   * longer than waiting for one.
   */
  lookAhead(events: readonly StreamEvent[]): void {
    const { near, keys } = this;
    near.length = 0;
    const source = this.plan.bySource.get(events[0]?.source ?? '');
    if (source === undefined || this.states.findAll === undefined) return;
    for (const step of source.steps) {
      keys.length = 0;
      for (const event of events) {
        const key = event.source === source.source.name ? eventKey(event, step.keySlots) : undefined;
        if (key !== undefined) keys.push(key);
      }
      this.states.findAll(step.viewIndex, keys, near);
    }
    let seen = 0;
    for (let i = 0; i < near.length; i++) seen += (near[i] as KeyedState).raw.newestMs;
    for (let i = 0; i < near.length; i++) seen += (near[i] as KeyedState).raw.readAhead();
    this.readAhead = seen;
  }

  /** The event enters its views, then is read with itself as the current event. */
  process(event: StreamEvent, context: EventContext): FeatureVector | undefined {
    const source = this.plan.bySource.get(event.source);
    if (source === undefined) return undefined;
    const vector = context.wantsVector ? source.vectors.make() : undefined;
    const { frame } = this;
    frame.event = event;
    frame.profiles = context.profiles;
    frame.vector = vector;
    for (const step of source.steps) if (step.feeds || vector !== undefined) this.step(step, event, context, vector);
    frame.event = undefined;
    frame.profiles = undefined;
    frame.vector = undefined;
    return vector;
  }

  /** What `process` would give; no state changes. */
  simulate(event: StreamEvent, context: EventContext): FeatureVector | undefined {
    return new FeatureEngine(this.plan, new ReadOnlyStates(this.states)).process(event, context);
  }

  /** Entity keys that an event meets, by view; null keys left out. */
  *keysOf(event: StreamEvent): Iterable<readonly [viewIndex: number, key: string]> {
    for (const { viewIndex, keySlots } of this.plan.bySource.get(event.source)?.steps ?? []) {
      const key = eventKey(event, keySlots);
      if (key !== undefined) yield [viewIndex, key];
    }
  }

  /** Whether an event belongs to a view, by its `where`. */
  belongs(plan: ViewPlan, event: StreamEvent, profiles: EventContext['profiles']): boolean {
    this.frame.event = event;
    this.frame.profiles = profiles;
    return this.passesView(plan);
  }

  /** Applies an event to one state without asking whether it belongs there; its row until the state is settled. */
  enter(plan: ViewPlan, state: KeyedState, event: StreamEvent, context: Pick<EventContext, 'order' | 'profiles'>): number {
    this.frame.event = event;
    this.frame.profiles = context.profiles;
    return this.apply(plan, state, event, context.order);
  }

  private step(step: ViewStep, event: StreamEvent, context: EventContext, vector: FeatureVector | undefined): void {
    const { plan, viewIndex } = step;
    const key = eventKey(event, step.keySlots);
    let state = key === undefined ? undefined : this.states.find(viewIndex, key);
    let row = -1;
    let changed = false;
    if (key !== undefined && step.feeds && (state === undefined || state.lastOrder < context.order) && this.passesView(plan)) {
      if (state === undefined) {
        state = new KeyedState(plan.kernel);
        this.states.add(viewIndex, key, state);
      }
      row = this.apply(plan, state, event, context.order);
      changed = true;
    }
    if (vector !== undefined) this.read(step, key, state, row, event, context, vector);
    if (!changed || state === undefined || key === undefined) return;
    state.settle(context.horizonMs(viewIndex));
    this.states.touch(viewIndex, key, state);
  }

  private read(step: ViewStep, key: string | undefined, own: KeyedState | undefined, row: number, event: StreamEvent, context: EventContext, vector: FeatureVector): void {
    const { at } = this;
    let state = own;
    at.currentRow = row;
    if (key !== undefined && this.states.forRead !== undefined) {
      const merged = this.states.forRead(step.viewIndex, key, own, row);
      state = merged.state;
      at.currentRow = merged.currentRow;
    }
    at.readMs = event.timeMs;
    at.sinceMs = context.sinceMs(step.viewIndex);
    step.reader.read(state, at, vector, this.frame);
  }

  private passesView(plan: ViewPlan): boolean { return plan.where === null || plan.where(this.frame); }

  private apply(plan: ViewPlan, state: KeyedState, event: StreamEvent, order: number): number {
    const { frame, values } = this;
    if (this.passes.length < plan.filters.length) this.passes = new Uint8Array(plan.filters.length);
    for (let i = 0; i < plan.columns.length; i++) values[i] = (plan.columns[i] as ViewPlan['columns'][number])(frame, event);
    for (let i = 0; i < plan.filters.length; i++) this.passes[i] = (plan.filters[i] as ViewPlan['filters'][number])(frame) ? 1 : 0;
    return state.apply(event.timeMs, order, values, this.passes);
  }
}

/** States of which a copy is handed out, so that nothing changes. */
class ReadOnlyStates implements KeyedStates {
  constructor(private readonly states: KeyedStates) {}
  find(viewIndex: number, key: string): KeyedState | undefined { return this.states.find(viewIndex, key)?.clone(); }
  add(): void { /* a simulation leaves nothing behind */ }
  touch(): void { /* a simulation leaves nothing behind */ }
  forRead(viewIndex: number, key: string, own: KeyedState | undefined, currentRow: number): { state: KeyedState | undefined; currentRow: number } {
    const merged = this.states.forRead?.(viewIndex, key, own, currentRow);
    return merged === undefined ? { state: own, currentRow } : { state: merged.state, currentRow: merged.currentRow };
  }
}

