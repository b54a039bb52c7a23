import { VirtualClock } from './virtual-clock';
import { forSeeds, seedFromEnvironment } from './for-seeds';

describe('VirtualClock', () => {
  it('moves only when told, and never back', () => {
    const clock = new VirtualClock(1_000);
    expect(clock.nowMs()).toBe(1_000);
    clock.advance(250);
    clock.set(2_000);
    expect(clock.nowMs()).toBe(2_000);
    expect(() => clock.set(1_999)).toThrow(RangeError);
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
  });
});

describe('forSeeds', () => {
  it('names the seed that failed', () => {
    expect(() => forSeeds(3, () => { throw new Error('broken'); })).toThrow(/^WEIR_SEED=.*: broken$/);
  });

  it.each([['', undefined], ['17', 17], ['nightly', 'nightly']])('reads WEIR_SEED=%s', (text, seed) => {
    expect(seedFromEnvironment({ WEIR_SEED: text })).toBe(seed);
  });
});
