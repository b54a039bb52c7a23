import { ByteReader, ByteWriter, type Window } from '@weir/contracts';
import type { AggregatePlan, ColumnKind } from './channel';
import { compileKernel } from './kernel-plan';
import { KeyedState } from './keyed-state';
import { decodeState, encodeState } from './state-codec';

const dayMs = 86_400_000;
const days = (count: number): Window => ({ kind: 'sliding', sizeMs: count * dayMs, bounds: 'open', delayMs: 0, hopMs: 1 });
const aggregate = (agg: AggregatePlan['agg'], window: Window, slot: number, columns: readonly number[] = [0]): AggregatePlan =>
  ({ agg, columns, filter: -1, window, excludeCurrent: false, k: 1, n: 1, percentile: 50, halfLifeMs: 1, exactUpTo: 256, slot, numeric: true });

function packedAfter(columns: readonly ColumnKind[], aggregates: readonly AggregatePlan[], events: { readonly count: number; readonly overMs: number }): { bytes: Uint8Array; state: KeyedState } {
  const plan = compileKernel(columns, 0, aggregates);
  const state = new KeyedState(plan);
  const passes = new Uint8Array(0);
  for (let i = 0; i < events.count; i++) {
    const timeMs = Date.UTC(2025, 0, 1) + Math.floor((i / events.count) * events.overMs);
    state.apply(timeMs, i, columns.map((kind) => (kind === 'text' ? `merchant-${(i * 7) % 40}` : 100 + ((i * 7_919) % 90_000))), passes);
    state.settle(timeMs - 2 * dayMs);
  }
  const writer = new ByteWriter();
  encodeState(writer, state);
  const bytes = writer.take();
  return { bytes, state: decodeState(new ByteReader(bytes), plan) };
}

describe('packed state', () => {
  it('of 200,000 events in 30 days takes less than 10 KB', () => {
    const window = days(30);
    const aggregates = (['count', 'sum', 'avg', 'min', 'max', 'stddev'] as const).map((agg, slot) => aggregate(agg, window, slot));
    expect(packedAfter(['int'], aggregates, { count: 200_000, overMs: 30 * dayMs }).bytes.length).toBeLessThan(10_000);
  });

  it('of a card with a payment and a half a day takes less than 1 KB', () => {
    const aggregates = [aggregate('count', days(30), 0, []), aggregate('sum', days(7), 1), aggregate('stddev', days(30), 2), aggregate('distinct', days(1), 3, [1]), aggregate('last', { kind: 'lifetime', delayMs: 0 }, 4, [1])];
    expect(packedAfter(['int', 'text'], aggregates, { count: 90, overMs: 60 * dayMs }).bytes.length).toBeLessThan(1_000);
  });

  it('of count, sum, last and max over a whole life takes less than 120 bytes', () => {
    const life: Window = { kind: 'lifetime', delayMs: 0 };
    const aggregates = [aggregate('count', life, 0, []), aggregate('sum', life, 1), aggregate('last', life, 2), aggregate('max', life, 3)];
    expect(packedAfter(['int'], aggregates, { count: 300, overMs: 100 * dayMs }).bytes.length).toBeLessThan(120);
  });

  it('has these bytes: others need another format', () => {
    const life: Window = { kind: 'lifetime', delayMs: 0 };
    const aggregates = [aggregate('sum', days(7), 0), aggregate('stddev', days(30), 1), aggregate('distinct', days(1), 2, [1]), aggregate('last', life, 3, [1]), aggregate('max', life, 4, [2])];
    const { bytes } = packedAfter(['int', 'text', 'double'], aggregates, { count: 12, overMs: 3 * dayMs });
    expect(Buffer.from(bytes).toString('hex')).toBe('010c80f0cbf28365000c0100e0a801e0a801e0a801e0a801e0a801e0a801e0a801e0a801e0a801e0a801e0a80100c801a67d84f901e2f402c0f0039eec04fce705dae306b8df0796db08f4d609d2d20a000c0a6d65726368616e742d300a6d65726368616e742d370b6d65726368616e742d31340b6d65726368616e742d32310b6d65726368616e742d32380b6d65726368616e742d33350a6d65726368616e742d320a6d65726368616e742d390b6d65726368616e742d31360b6d65726368616e742d32330b6d65726368616e742d33300b6d65726368616e742d3337000102030405060708090a0b0000c801a67d84f901e2f402c0f0039eec04fce705dae306b8df0796db08f4d609d2d20a00');
  });
});
