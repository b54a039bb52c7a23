import type { FeatureValue, Value } from '@weir/contracts';
import { forSeeds, type SeededRandom } from '@weir/testkit';
import { KernelReader, KeyedState, compileKernel, type AggregatePlan, type KernelPlan } from '../src';
import { randomAggregates } from './random-plan';

const startMs = 1_735_689_600_000, hourMs = 3_600_000;
/** An amount, a text of many, a number of many, a place. */
const columns = ['int', 'text', 'double', 'double', 'double'] as const;
const kinds: ReadonlyArray<Pick<AggregatePlan, 'agg' | 'columns'>> = [
  { agg: 'distinct', columns: [1] }, { agg: 'distinct', columns: [2] }, { agg: 'median', columns: [0] }, { agg: 'percentile', columns: [2] }, { agg: 'percentile', columns: [0] }, { agg: 'sum', columns: [2] }, { agg: 'stddev', columns: [0] }, { agg: 'max', columns: [0] }, { agg: 'count', columns: [1] },
];

function hotAggregates(random: SeededRandom): AggregatePlan[] {
  const windows = [hourMs / 6, hourMs, 24 * hourMs].flatMap((sizeMs) => [1, 60_000].map((hopMs) => ({ kind: 'sliding', sizeMs, bounds: 'open', delayMs: 0, hopMs }) as const));
  return randomAggregates(random, 14, () => random.chance(0.1) ? { kind: 'lifetime', delayMs: 0 } : random.pick(windows)).map((plan) => ({ ...plan, ...random.pick(kinds), exactUpTo: random.pick([10, 256, 400]) }));
}

function read(plan: KernelPlan, reader: KernelReader, slots: number, state: KeyedState, readMs: number, currentRow: number): { readonly values: readonly (FeatureValue | undefined)[]; readonly statuses: readonly number[] } {
  const into = { numbers: new Float64Array(slots), others: new Array<FeatureValue | undefined>(slots).fill(undefined), statuses: new Uint8Array(slots) };
  reader.read(state, { readMs, currentRow, currentValue: currentRow < 0 ? null : () => null, sinceMs: -Infinity, ttlMs: null, base: 0 }, into);
  return { values: into.others, statuses: [...into.statuses] };
}

it('what is carried from read to read of a busy key is what a recomputation gives, to the bit', () => {
  forSeeds(4, (random) => {
    const aggregates = hotAggregates(random).map((plan, slot) => ({ ...plan, slot })), plan = compileKernel(columns, 2, aggregates), reader = new KernelReader(plan), state = new KeyedState(plan);
    const gapMs = random.pick([300, 2_000, 9_000]), texts = random.pick([200, 5_000]);
    let clockMs = startMs, newestMs = -Infinity;
    for (let order = 0; order < 1_500; order++) {
      clockMs += random.chance(0.002) ? random.pick([2, 30]) * hourMs : Math.round(random.exponential(gapMs));
      const timeMs = random.chance(0.15) ? clockMs - random.int(0, random.chance(0.1) ? 2 * hourMs : 60_000) : clockMs;
      newestMs = Math.max(newestMs, timeMs);
      const values: Value[] = [random.chance(0.05) ? null : Math.round(10 ** random.between(0, 7)) * random.pick([-1, 1, 1, 1]), random.chance(0.05) ? null : `m${random.int(0, texts)}`, random.int(0, 3_000) / 4, null, null];
      const row = state.apply(timeMs, order, values, Uint8Array.from([random.chance(0.5) ? 1 : 0, random.chance(0.2) ? 1 : 0]));
      const asked: Array<readonly [number, number]> = [[timeMs, row], ...(random.chance(0.2) ? [[newestMs + random.int(0, hourMs), -1] as const, [newestMs - random.int(0, hourMs), -1] as const] : [])];
      for (const [readMs, currentRow] of asked) {
        const carried = read(plan, reader, aggregates.length, state, readMs, currentRow);
        if (order % 4 !== 0 && currentRow >= 0) continue;
        const copy = state.clone(), rowThere = currentRow < 0 ? -1 : currentRow - state.raw.head + copy.raw.head;
        const anew = read(plan, new KernelReader(plan), aggregates.length, copy, readMs, rowThere);
        const differs = aggregates.findIndex((_, slot) => !Object.is(carried.values[slot], anew.values[slot]) || carried.statuses[slot] !== anew.statuses[slot]);
        if (differs >= 0) throw new Error(`event ${order}, read at ${readMs}: ${JSON.stringify(aggregates[differs])} carried ${String(carried.values[differs])} (${carried.statuses[differs] ?? 0}), anew ${String(anew.values[differs])} (${anew.statuses[differs] ?? 0})`);
      }
      state.settle(newestMs - 2 * hourMs);
    }
  });
});
