import { forSeeds, SeededRandom } from '@weir/testkit';
import { HeavyHitters, HotKeyWatch } from './hot-keys';

const rowsOf = (cards: readonly string[]): Array<{ readonly entities: readonly string[] }> => cards.map((card) => ({ entities: [`card:${card}`, 'merchant:m'] }));

describe('The keys that take the most', () => {
  it('hold every key with more than its part of the events, and say no less and no more than the truth allows', () => {
    forSeeds(20, (random) => {
      const hitters = new HeavyHitters(32), truth = new Map<string, number>();
      let total = 0;
      for (let index = 0; index < 5_000; index++) {
        const key = random.chance(0.3) ? `hot-${random.int(0, 3)}` : `k-${random.int(0, 2_000)}`, weight = random.int(1, 3);
        hitters.add(key, weight);
        truth.set(key, (truth.get(key) ?? 0) + weight);
        total += weight;
      }
      const held = new Map(hitters.top(32).map((each) => [each.key, each]));
      for (const [key, count] of truth) if (count > total / 32) expect(held.has(key)).toBe(true);
      for (const { key, count, over } of held.values()) {
        expect(count).toBeGreaterThanOrEqual(truth.get(key) ?? 0);
        expect(count - over).toBeLessThanOrEqual(truth.get(key) ?? 0);
      }
    });
  });

  it('are found in a stream of batches of any size, by entity type, with their share and rate', () => {
    forSeeds(5, (random) => {
      const watch = new HotKeyWatch();
      let nowMs = 1_000_000;
      for (let left = 40_000; left > 0; ) {
        const count = Math.min(left, random.int(1, 700));
        watch.add(rowsOf(Array.from({ length: count }, () => (random.chance(0.2) ? 'hot' : `c-${random.int(0, 20_000)}`))), nowMs);
        nowMs += count;
        left -= count;
      }
      const { keys, windowMs } = watch.now(), first = keys.find(({ entityType }) => entityType === 'card');
      expect(windowMs).toBeGreaterThan(30_000);
      expect(first?.entityId).toBe('hot');
      expect(first?.share).toBeGreaterThan(0.13);
      expect(first?.share).toBeLessThan(0.27);
      expect(first?.perSecond).toBeGreaterThan(130);
      expect(first?.perSecond).toBeLessThan(270);
      expect(keys.filter(({ entityType }) => entityType === 'merchant')).toEqual([expect.objectContaining({ entityId: 'm', share: 1, shareMax: 1 })]);
    });
  });

  it('tell of now: what was hot minutes ago is not any more', () => {
    const watch = new HotKeyWatch(), random = new SeededRandom(7);
    const second = (atSecond: number, hot: string): void => watch.add(rowsOf(Array.from({ length: 640 }, () => (random.chance(0.4) ? hot : `c-${random.int(0, 5_000)}`))), atSecond * 1_000);
    for (let at = 0; at < 300; at++) second(at, 'before');
    for (let at = 300; at < 900; at++) second(at, 'after');
    const cards = watch.now().keys.filter(({ entityType }) => entityType === 'card');
    expect(cards[0]?.entityId).toBe('after');
    expect(cards.find(({ entityId }) => entityId === 'before')?.share ?? 0).toBeLessThan(0.01);
  });
});
