import { forSeeds } from '@weir/testkit';
import { HotCache } from './hot-cache';
import { hashKey, KeyIndex, type Keyed } from './key-index';

describe('an index of keys', () => {
  it('finds what a map would find, one by one and many at once, whatever comes and goes', () => {
    forSeeds(10, (random) => {
      const index = new KeyIndex<Keyed>(), known = new Map<string, Keyed>();
      for (let step = 0; step < 2_000; step++) {
        const key = `k${random.int(0, 300)}`;
        if (!known.has(key)) {
          const entry = { key, hash: hashKey(key) };
          known.set(key, entry);
          index.add(entry);
        } else if (random.chance(0.6)) {
          for (let place = 0; place < index.placesEnd; place++) if (index.at(place)?.key === key) index.remove(place);
          known.delete(key);
        }
        const asked = `k${random.int(0, 300)}`;
        expect(index.find(asked, hashKey(asked))).toBe(known.get(asked));
      }
      const keys = Array.from({ length: 301 }, (_, number) => `k${number}`), found: Keyed[] = [];
      index.findAll(keys, found);
      expect(found).toEqual(keys.flatMap((key) => known.get(key) ?? []));
      expect(index.size).toBe(known.size);
    });
  });

  it('keeps keys apart that share a hash', () => {
    const index = new KeyIndex<Keyed>(), entries = ['a', 'b', 'c', 'd'].map((key) => ({ key, hash: 7 }));
    entries.forEach((entry) => index.add(entry));
    index.remove(1);
    expect(entries.map(({ key, hash }) => index.find(key, hash)?.key)).toEqual(['a', undefined, 'c', 'd']);
  });
});

describe('a cache of values in use', () => {
  it('lets go of what is written and not asked for, and reads it back', () => {
    const stored = new Map<string, Uint8Array>();
    const cache = new HotCache<{ n: number }>(50, { load: (key) => { const bytes = stored.get(key); return bytes === undefined ? undefined : { n: bytes[0] as number }; }, pack: ({ n }) => Uint8Array.of(n) }, false);
    for (let n = 0; n < 200; n++) {
      cache.set(`k${n}`, { n: n % 256 });
      expect(cache.get('k0')?.n).toBe(0);
      if (n % 10 === 9) for (const [key, value] of cache.takeChanges('')) if (value !== undefined) stored.set(key, value);
    }
    expect(cache.size).toBeLessThanOrEqual(60);
    expect(Array.from({ length: 200 }, (_, n) => cache.get(`k${n}`)?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n % 256));
  });

  it('lets nothing go that is not written', () => {
    const cache = new HotCache<number>(10, { load: () => undefined, pack: (value) => Uint8Array.of(value) });
    for (let n = 0; n < 100; n++) cache.set(`k${n}`, n);
    expect(Array.from({ length: 100 }, (_, n) => cache.get(`k${n}`))).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect([...cache.takeChanges('x/')].length).toBe(100);
  });
});
