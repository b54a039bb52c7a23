import { FeatureEngine, compileFeatures, type EventContext, type KeyedStates } from '../src';
import type { KeyedState } from '@weir/windows';
import { benchEvents, wideSet, type Figure } from './bench-set';

/** States of a plan in plain maps. */
export class MapStates implements KeyedStates {
  readonly byView: Map<string, KeyedState>[];
  constructor(views: number) { this.byView = Array.from({ length: views }, () => new Map()); }
  find(viewIndex: number, key: string): KeyedState | undefined { return this.byView[viewIndex]?.get(key); }
  add(viewIndex: number, key: string, state: KeyedState): void { this.byView[viewIndex]?.set(key, state); }
  touch(): void { /* nothing is written */ }
}

/** Events through 90 features over three entities: each applied, then read with itself as the current event. */
export async function* run(quick: boolean): AsyncIterable<Figure> {
  const set = wideSet();
  const plan = compileFeatures(set);
  for (const { name, ...mix } of [
    { name: 'keys of 5 to 50 events (10,000 cards, 10,000 merchants)', cards: 10_000, merchants: 10_000, devices: 5_000, meanGapMs: 5_000, seed: 1 },
    { name: 'merchants of hundreds of events (20,000 cards, 300 merchants)', cards: 20_000, merchants: 300, devices: 10_000, meanGapMs: 1_000, seed: 2 },
  ]) {
    const count = quick ? 120_000 : 1_000_000;
    const events = benchEvents(set, count, mix);
    const states = new MapStates(plan.views.length);
    const engine = new FeatureEngine(plan, states);
    let newestMs = 0;
    const context: { -readonly [K in keyof EventContext]: EventContext[K] } = { order: 0, profiles: undefined, horizonMs: () => newestMs - 48 * 3_600_000, sinceMs: () => -Infinity, wantsVector: true };
    const warmUp = Math.floor(count / 2);
    let started = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      if (i === warmUp) started = process.cpuUsage();
      const event = events[i] as (typeof events)[number];
      newestMs = Math.max(newestMs, event.timeMs);
      context.order = i;
      engine.process(event, context);
    }
    const { user, system } = process.cpuUsage(started);
    const perItem = (user + system) / (count - warmUp);
    const work = `${plan.bySource.get('transactions')?.layout.types.length ?? 0} features over 3 entities; ${name}`;
    yield { bench: 'windows', metric: 'cpu_per_item', value: perItem, unit: 'us', n: count - warmUp, work };
    yield { bench: 'windows', metric: 'throughput', value: 1e6 / perItem, unit: '/s', n: count - warmUp, work };
  }
}
