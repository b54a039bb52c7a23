import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forSeeds } from '@weir/testkit';
import { ExternalSort } from './external-sort';
import { Spool } from './spool';

describe('what does not fit into memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-sort-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is sorted all the same', () => {
    forSeeds(5, (random) => {
      const numbers = Array.from({ length: random.int(0, 2_000) }, () => random.int(0, 500));
      const sort = new ExternalSort<number>({ folder, compare: (left, right) => left - right, encode: String, decode: Number, itemsMax: random.pick([1, 7, 300, 10_000].slice(numbers.length > 500 ? 1 : 0)) });
      for (const number of numbers) sort.add(number);
      expect([...sort.sorted()]).toEqual([...numbers].sort((left, right) => left - right));
    });
  });

  it('is had by its number, in any order', () => {
    forSeeds(3, (random) => {
      const spool = new Spool(join(folder, `any-${random.int(0, 1e9)}`)), texts = Array.from({ length: 400 }, (_, index) => `${index}ä`.repeat(random.pick([0, 1, 40, 9_000])));
      texts.forEach((text, index) => {
        expect(spool.add(text)).toBe(index);
        const at = random.int(0, index);
        if (random.chance(0.1)) expect(spool.get(at)).toBe(texts[at]);
      });
      for (const at of random.shuffle(texts.map((_, index) => index))) if (spool.get(at) !== texts[at]) expect(spool.get(at)).toBe(texts[at]);
      spool.close();
    });
  });
});
