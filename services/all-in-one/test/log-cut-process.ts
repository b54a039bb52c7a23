/** Cuts the log of a stopped suite once, and is killed at a step of it: `node log-cut-process.js FOLDER STEP`. */
import { join } from 'node:path';
import { LmdbEventLog, LmdbOnlineStore } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { Metrics } from '@weir/platform';
import { SystemClock } from '@weir/ports';
import { HistoricLog } from '../src/history/historic-log';
import { LogRetention } from '../src/history/log-retention';

/** In the order in which a cut comes by; the last one is never reached. */
export const cutSteps = ['look', 'offset', 'history', 'state', 'before the cut', 'within the transaction', 'after the cut', 'none'] as const;
type Step = (typeof cutSteps)[number];

async function main(folder: string, dies: Step): Promise<void> {
  const at = (step: Step): void => { if (step === dies) process.kill(process.pid, 'SIGKILL'); };
  const clock = new SystemClock(), lmdb = new LmdbEventLog({ path: join(folder, 'log'), lanes: 1, clock }), log = await HistoricLog.open(lmdb, join(folder, 'history'));
  const files = new ParquetOfflineStore({ path: join(folder, 'history'), readOnly: true }), online = new LmdbOnlineStore({ path: join(folder, 'state') });
  await lmdb.bounds('transactions.raw', 0);
  const partition: unknown = (Reflect.get(lmdb, 'partitionByName') as Map<string, unknown>).get('transactions.raw/0'), blocks = Reflect.get(partition as object, 'blocks') as { removeSync: (key: number) => boolean };
  const remove = blocks.removeSync.bind(blocks);
  let removed = 0;
  blocks.removeSync = (key) => { if (++removed === 2) at('within the transaction'); return remove(key); };
  const stored = await online.position(0);
  const retention = new LogRetention({
    keepMs: 0, clock, metrics: new Metrics(), onError: (error) => { throw error; },
    historyPosition: async (lane) => { at('history'); return files.position(lane); }, statePosition: () => { at('state'); return stored; },
    log: {
      lanes: 1, look: async () => { at('look'); await log.look(); }, bounds: (topic, lane) => log.bounds(topic, lane), offsetAt: (topic, lane, timeMs) => { at('offset'); return log.offsetAt(topic, lane, timeMs); },
      forget: async (topic, lane, before) => { at('before the cut'); await log.forget(topic, lane, before); at('after the cut'); },
    },
  });
  await retention.once();
  await files.close();
  await online.close();
  await log.close();
}

if (require.main === module) main(process.argv[2] ?? '', (process.argv[3] ?? 'none') as Step).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
