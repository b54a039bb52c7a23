import { ByteReader, ByteWriter } from '@weir/contracts';
import { KernelReader, KeyedState, compileKernel, decodeState, encodeState, type AggregatePlan, type KernelPlan } from '@weir/windows';
import { FeatureEngine, compileFeatures } from '../src';
import { benchEvents, benchSet, type Figure } from './bench-set';
import { MapStates } from './windows.bench';

const dayMs = 86_400_000, warmUpRounds = 1_000;
const aggregates = ['count', 'sum', 'avg', 'min', 'max', 'stddev'] as const;

/** Bytes of packed state per key, and the time to decode one and read it. */
export async function* run(quick: boolean): AsyncIterable<Figure> {
  for (const events of [10, 100, 1_000, 200_000]) yield* oneKey(events, quick ? 200 : 2_000);
  yield* lifetimeProfile();
  yield* mixedKeys(quick ? 100_000 : 400_000);
}

function planOf(window: AggregatePlan['window'], wanted: readonly AggregatePlan['agg'][]): KernelPlan {
  return compileKernel(['int'], 0, wanted.map((agg, slot): AggregatePlan => ({
    agg, columns: agg === 'count' ? [] : [0], filter: -1, window, excludeCurrent: false, k: 1, n: 1, percentile: 50, halfLifeMs: 1, exactUpTo: 256, slot, numeric: true,
  })));
}

function filled(plan: KernelPlan, count: number, overMs: number): { state: KeyedState; lastMs: number } {
  const state = new KeyedState(plan);
  const none = new Uint8Array(0);
  let lastMs = 0;
  for (let i = 0; i < count; i++) {
    lastMs = Date.UTC(2025, 0, 1) + Math.floor((i / count) * overMs);
    state.apply(lastMs, i, [100 + ((i * 7_919) % 90_000)], none);
    state.settle(lastMs - 2 * dayMs);
  }
  return { state, lastMs };
}

function pack(state: KeyedState): Uint8Array {
  const writer = new ByteWriter();
  encodeState(writer, state);
  return writer.take();
}

function* oneKey(count: number, rounds: number): Iterable<Figure> {
  const plan = planOf({ kind: 'sliding', sizeMs: 30 * dayMs, bounds: 'open', delayMs: 0, hopMs: 1 }, aggregates);
  const { state, lastMs } = filled(plan, count, 30 * dayMs);
  const bytes = pack(state);
  const work = `${count.toLocaleString('en')} events of one key in 30 days; count, sum, avg, min, max, stddev over 30 days`;
  yield { bench: 'state', metric: 'bytes_per_key', value: bytes.length, unit: 'B', n: 1, work };
  const reader = new KernelReader(plan);
  const into = { numbers: new Float64Array(aggregates.length), others: [], statuses: new Uint8Array(aggregates.length) };
  const at = { readMs: lastMs, currentRow: -1, currentValue: null, sinceMs: -Infinity, ttlMs: null, base: 0 };
  for (let i = 0; i < warmUpRounds; i++) reader.read(decodeState(new ByteReader(bytes), plan), at, into);
  let started = process.cpuUsage();
  for (let i = 0; i < rounds * 10; i++) reader.read(state, { ...at, readMs: lastMs + i }, into);
  yield { bench: 'state', metric: 'cpu_per_item', value: used(started) / (rounds * 10), unit: 'us', n: rounds * 10, work: `a read of ${work}` };
  started = process.cpuUsage();
  for (let i = 0; i < rounds; i++) reader.read(decodeState(new ByteReader(bytes), plan), at, into);
  yield { bench: 'state', metric: 'cpu_per_item', value: used(started) / rounds, unit: 'us', n: rounds, work: `decode and read of ${work}` };
}

function* lifetimeProfile(): Iterable<Figure> {
  const plan = planOf({ kind: 'lifetime', delayMs: 0 }, ['count', 'sum', 'last', 'max']);
  const { state } = filled(plan, 300, 100 * dayMs);
  yield { bench: 'state', metric: 'bytes_per_key', value: pack(state).length, unit: 'B', n: 1, work: 'count, sum, last, max over a whole life of 300 events, 3 a day' };
}

function* mixedKeys(count: number): Iterable<Figure> {
  const set = benchSet();
  const plan = compileFeatures(set);
  const states = new MapStates(plan.views.length);
  const engine = new FeatureEngine(plan, states);
  let newestMs = 0;
  const events = benchEvents(set, count, { cards: 5_000, merchants: 300, devices: 2_500, meanGapMs: 30 * dayMs / count, seed: 5 });
  events.forEach((event, order) => {
    newestMs = Math.max(newestMs, event.timeMs);
    engine.process(event, { order, profiles: undefined, horizonMs: () => newestMs - 2 * dayMs, sinceMs: () => -Infinity, wantsVector: false });
  });
  for (const [index, { view }] of plan.views.entries()) {
    const sizes = [...(states.byView[index]?.values() ?? [])].map((state) => pack(state).length).sort((a, b) => a - b);
    const work = `${view.name}: ${view.features.length} features, ${count} events in 30 days over ${sizes.length} keys`;
    yield { bench: 'state', metric: 'bytes_per_key', value: sizes.reduce((sum, size) => sum + size, 0) / sizes.length, unit: 'B', n: sizes.length, work: `${work}; mean` };
    yield { bench: 'state', metric: 'bytes_per_key', value: sizes[Math.floor(sizes.length * 0.99)] ?? 0, unit: 'B', n: sizes.length, work: `${work}; 99th percentile` };
  }
}

function used(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}
