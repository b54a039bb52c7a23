import { ByteReader, ByteWriter, statusCode, type FeatureValue } from '@weir/contracts';
import { forSeeds, type SeededRandom } from '@weir/testkit';
import { KernelReader, KeyedState, compileKernel, decodeState, encodeState, mergeStates, type AggregatePlan, type KernelPlan } from '../src';
import { oracle, type OracleEvent } from './oracle';
import { randomAggregates, randomValues, randomWindow, testColumns, testFilters } from './random-plan';

const startMs = 1_735_689_600_000;

function readAll(plan: KernelPlan, count: number, state: KeyedState, readMs: number, currentRow: number, current: OracleEvent | undefined): { values: FeatureValue[]; statuses: Uint8Array } {
  const into = { numbers: new Float64Array(count), others: new Array<FeatureValue | undefined>(count).fill(undefined), statuses: new Uint8Array(count) };
  new KernelReader(plan).read(state, { readMs, currentRow, currentValue: current === undefined ? null : (column) => current.values[column] ?? null, sinceMs: -Infinity, ttlMs: null, base: 0 }, into);
  return { values: into.others.map((value) => value ?? null), statuses: into.statuses };
}

const reslotted = (plan: AggregatePlan, slot: number): AggregatePlan => ({ ...plan, slot });
const packed = (state: KeyedState): Uint8Array => { const writer = new ByteWriter(); encodeState(writer, state); return writer.take(); };
const bitExact = new Set(['count', 'sum', 'avg', 'min', 'max', 'first', 'last', 'since_last', 'since_first']);

function compareWithOracle(aggregate: AggregatePlan, value: FeatureValue, status: number, events: readonly OracleEvent[], readMs: number, current: OracleEvent | undefined): void {
  const expected = oracle(aggregate, events, readMs, current);
  const where = `${JSON.stringify(aggregate)} at ${readMs}, ${events.length} events, status ${status}, got ${JSON.stringify(value)}, want ${JSON.stringify(expected)}`;
  const isApproximate = status === statusCode.APPROXIMATE;
  if (expected.approximate && !isApproximate) throw new Error(`does not say that it is approximate: ${where}`);
  if (typeof expected.value !== 'number' || typeof value !== 'number') {
    if (JSON.stringify(value) !== JSON.stringify(expected.value)) throw new Error(where);
    return;
  }
  const sketched = isApproximate && (aggregate.agg === 'median' || aggregate.agg === 'percentile');
  const estimated = isApproximate && aggregate.agg === 'distinct' && expected.value > aggregate.exactUpTo;
  const tolerance = estimated ? 0.08 : sketched ? 0.011 : bitExact.has(aggregate.agg) ? 0 : 1e-9;
  if (!(Math.abs(value - expected.value) <= Math.max(tolerance && 1e-9, tolerance * Math.abs(expected.value)))) throw new Error(where);
}

interface Run { readonly count: number; readonly meanGapMs: number; readonly disorderMs: number; readonly readEvery: number; readonly crash: boolean; readonly horizon: boolean }

/** Decides each event of a disorderly log and compares what it reads, now and then also without a current event. */
function decideAndCompare(random: SeededRandom, aggregates: readonly AggregatePlan[], run: Run): { events: OracleEvent[]; state: KeyedState; plan: KernelPlan } {
  const plan = compileKernel(testColumns, testFilters, aggregates);
  const events: OracleEvent[] = [];
  let state = new KeyedState(plan);
  let clockMs = startMs;
  let newestMs = -Infinity;
  for (let order = 0; order < run.count; order++) {
    clockMs += random.chance(0.1) ? 0 : random.chance(0.02) ? run.meanGapMs * 50 : Math.round(random.exponential(run.meanGapMs));
    const timeMs = random.chance(0.2) ? clockMs - random.int(0, run.disorderMs) : clockMs;
    if (timeMs < newestMs - run.disorderMs) continue;
    newestMs = Math.max(newestMs, timeMs);
    const event: OracleEvent = { timeMs, order, ...randomValues(random) };
    events.push(event);
    const row = state.apply(timeMs, order, event.values, event.passes);
    if (order % run.readEvery === 0) {
      const decided = readAll(plan, aggregates.length, state, timeMs, row, event);
      aggregates.forEach((aggregate, slot) => compareWithOracle(aggregate, decided.values[slot] ?? null, decided.statuses[slot] ?? 0, events, timeMs, event));
    }
    state.settle(run.horizon ? newestMs - run.disorderMs : -Infinity);
    if (order % run.readEvery === 0) {
      const readMs = newestMs + random.pick([0, 1, 1_000, 60_000, 3_600_000]);
      const read = readAll(plan, aggregates.length, state, readMs, -1, undefined);
      aggregates.forEach((aggregate, slot) => compareWithOracle(aggregate, read.values[slot] ?? null, read.statuses[slot] ?? 0, events, readMs, undefined));
    }
    if (run.crash && order % (run.count > 100 ? 31 : 7) === 0) {
      const bytes = packed(state);
      state = decodeState(new ByteReader(bytes), plan);
      expect(Buffer.compare(packed(state), bytes)).toBe(0);
    }
  }
  return { events, state, plan };
}

describe('the kernel against exact evaluation over all events', () => {
  it('decides and reads the same while a key has few events, whatever the windows', () => {
    forSeeds(30, (random) => { decideAndCompare(random, randomAggregates(random, 12), { count: 60, meanGapMs: random.pick([500, 20_000, 900_000]), disorderMs: random.pick([0, 60_000, 7_200_000]), readEvery: 1, crash: true, horizon: true }); });
  });

  it('follows the cap of 512: hops of W/60, floored at both ends where a late event asks for it', () => {
    forSeeds(4, (random) => {
      const sliding = (): ReturnType<typeof randomWindow> => { for (;;) { const window = randomWindow(random); if (window.kind === 'sliding' && window.delayMs === 0 || window.kind === 'tumbling' && window.zone === null || window.kind === 'calendar' || window.kind === 'rows') return window; } };
      const aggregates = randomAggregates(random, 14, sliding);
      decideAndCompare(random, aggregates, { count: 1_200, meanGapMs: random.pick([100, 2_000, 30_000]), disorderMs: random.pick([0, 5_000]), readEvery: 113, crash: true, horizon: true });
    });
  });

  it('floors the end of a window, too, for an event that comes behind more than 512 newer ones', () => {
    forSeeds(2, (random) => {
      const long = (): ReturnType<typeof randomWindow> => ({ kind: 'sliding', sizeMs: random.pick([3_600_000, 21_600_000]), bounds: random.pick(['open', 'closed', 'left'] as const), delayMs: 0, hopMs: random.pick([1, 60_000]) });
      decideAndCompare(random, randomAggregates(random, 12, long).filter(({ agg }) => agg !== 'geo_speed').map(reslotted), { count: 2_000, meanGapMs: 1_000, disorderMs: 1_500_000, readEvery: 151, crash: true, horizon: true });
    });
  });

  it('counts a whole life exactly, however many events there were', () => {
    forSeeds(4, (random) => {
      const aggregates = randomAggregates(random, 12, () => ({ kind: 'lifetime', delayMs: 0 })).filter(({ agg }) => agg !== 'geo_speed').map(reslotted);
      decideAndCompare(random, aggregates, { count: 1_100, meanGapMs: 60_000, disorderMs: 300_000, readEvery: 113, crash: true, horizon: true });
    });
  });

  it('holds sessions of any length', () => {
    forSeeds(4, (random) => {
      const aggregates = randomAggregates(random, 8, () => ({ kind: 'session', gapMs: 60_000 })).filter(({ agg }) => agg !== 'geo_speed' && agg !== 'decay_sum').map(reslotted);
      decideAndCompare(random, aggregates, { count: 1_100, meanGapMs: 8_000, disorderMs: 20_000, readEvery: 113, crash: true, horizon: true });
    });
  });

  it('reaches the same bytes in any order of arrival', () => {
    forSeeds(6, (random) => {
      const aggregates = randomAggregates(random, 10).filter(({ agg, window }) => !(agg === 'decay_sum' && window.kind === 'session')).map(reslotted);
      const plan = compileKernel(testColumns, testFilters, aggregates);
      const events = Array.from({ length: 900 }, (_, index): OracleEvent => ({ timeMs: startMs + index * 1_500 + random.int(0, 1_400), order: index, ...randomValues(random) }));
      const inOrder = (list: readonly OracleEvent[]): Uint8Array => {
        const state = new KeyedState(plan);
        for (const event of list) { state.apply(event.timeMs, event.order, event.values, event.passes); state.settle(-Infinity); }
        return packed(state);
      };
      expect(Buffer.compare(inOrder(random.shuffle(events)), inOrder(events))).toBe(0);
    });
  });

  it('merges shards of several lanes to what one lane would have', () => {
    forSeeds(6, (random) => {
      const aggregates = randomAggregates(random, 10).filter(({ agg }) => agg !== 'decay_sum').map(reslotted);
      const plan = compileKernel(testColumns, testFilters, aggregates);
      const lanes = [new KeyedState(plan), new KeyedState(plan), new KeyedState(plan)];
      const events: OracleEvent[] = [];
      for (let order = 0; order < random.pick([40, 900]); order++) {
        const event: OracleEvent = { timeMs: startMs + order * 1_700, order, ...randomValues(random) };
        events.push(event);
        const state = random.pick(lanes);
        state.apply(event.timeMs, order, event.values, event.passes);
        state.settle(-Infinity);
      }
      const { state } = mergeStates(plan, lanes);
      expect(state.raw.count).toBeGreaterThanOrEqual(Math.min(events.length, 513));
      const readMs = startMs + 1_700 * events.length;
      const merged = readAll(plan, aggregates.length, state, readMs, -1, undefined);
      aggregates.forEach((aggregate, slot) => compareWithOracle(aggregate, merged.values[slot] ?? null, merged.statuses[slot] ?? 0, events, readMs, undefined));
    });
  });
});
