import { join } from 'node:path';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import type { NewRecord } from '@weir/ports';
import { SeededRandom } from '@weir/testkit';
import { TestFolder } from '../../../test/suite-fixture';
import { alertsOfOrigin } from './alerts-of-origin';

const folder = new TestFolder();
afterAll(() => folder.remove());

describe('alerts of an origin', () => {
  it.each([[0, 1], [1, 1], [40, 2], [900, 3], [900, 4]])('are found as a scan finds them, %d of them, seed %d', async (count, seed) => {
    const random = new SeededRandom(seed), log = new LmdbEventLog({ path: join(folder.path, `log-${count}-${seed}`), lanes: 2, clock: { nowMs: () => 0 } });
    const records: NewRecord[] = [], idsByOrigin = new Map<number, string[]>();
    for (let n = 0, origin = 5; n < count; n += 1) {
      if (random.chance(0.6)) origin += random.int(1, 9);
      const isModel = random.chance(0.3);
      records.push({ key: `${n}`, headers: isModel ? {} : { 'weir-origin': `1-${origin}` }, value: new Uint8Array() });
      if (!isModel) idsByOrigin.set(origin, [...(idsByOrigin.get(origin) ?? []), `${n}`]);
    }
    if (records.length > 0) await log.append('alerts', 1, records);
    const last = Math.max(0, ...idsByOrigin.keys());
    for (let offset = 0; offset <= last + 3; offset += 1) {
      expect([offset, (await alertsOfOrigin(log, { lane: 1, offset })).map(({ key }) => key)]).toEqual([offset, idsByOrigin.get(offset) ?? []]);
    }
    expect(await alertsOfOrigin(log, { lane: 7, offset: 1 })).toEqual([]);
    await log.close();
  });
});
