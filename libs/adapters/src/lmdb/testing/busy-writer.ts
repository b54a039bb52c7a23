import { SystemClock } from '@weir/ports';
import { LmdbEventLog, LmdbOnlineStore } from '../index';

/** Writes as fast as it can until it is killed, and says on standard output what was acknowledged. */
async function write(folder: string): Promise<void> {
  const log = new LmdbEventLog({ path: `${folder}/log`, lanes: 1, clock: new SystemClock() }), store = new LmdbOnlineStore({ path: `${folder}/store` });
  const appendForEver = async (writer: number): Promise<void> => {
    for (let number = 0; ; number++) {
      const value = Buffer.from(`${writer}:${number}`);
      const { firstOffset } = await log.append('transactions.raw', 0, [{ key: null, headers: {}, value }, { key: null, headers: {}, value }]);
      process.stdout.write(`appended ${firstOffset} ${writer}:${number}\n`);
    }
  };
  const publishForEver = async (): Promise<void> => {
    for (let position = 0; ; position++) {
      await store.publish(0, position, Array.from({ length: 50 }, (_, key) => [`k/${key}`, Buffer.from(String(position))] as const));
      process.stdout.write(`published ${position}\n`);
    }
  };
  await Promise.all([...Array.from({ length: 8 }, (_, writer) => appendForEver(writer)), publishForEver()]);
}

void write(process.argv[3] ?? '');
