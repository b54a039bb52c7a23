import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformaticEventLog } from '@weir/adapters/kafka';
import { LmdbLogReader } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import type { EventLog } from '@weir/ports';
import { OlderHalf } from '../history/older-half';
import { kafkaOptionsOf } from '../suite/connections';

/** Where a suite's lanes are, as it goes to a thread. */
export interface LogPlace {
  readonly dataDir: string;
  readonly lanes: number;
  readonly kafka: readonly string[] | undefined;
}

export type LogBeside = Pick<EventLog, 'bounds' | 'read' | 'close'>;

/** The log for a thread beside the one that writes it. @throws WeirError WEIR_USAGE when there is none yet. */
export function openLogBeside({ dataDir, lanes, kafka }: LogPlace): LogBeside {
  if (kafka !== undefined) return new PlatformaticEventLog(kafkaOptionsOf(kafka, lanes));
  const reader = new LmdbLogReader(join(dataDir, 'log'));
  return {
    bounds: (topic, lane) => Promise.resolve(reader.bounds(topic, lane)),
    read: (topic, lane, fromOffset, max) => Promise.resolve(reader.read(topic, lane, fromOffset, max)),
    close: () => reader.close(),
  };
}

/** The same with history as its older half, as the files are now. */
export async function openHistoricBeside(place: LogPlace, historyPath: string): Promise<LogBeside> {
  const log = openLogBeside(place);
  if (!existsSync(historyPath)) return log;
  const files = new ParquetOfflineStore({ path: historyPath, readOnly: true }), older = new OlderHalf(files), firsts = await Promise.all(Array.from({ length: place.lanes }, async (_, lane) => (await log.bounds('transactions.raw', lane)).first));
  return {
    bounds: (topic, lane) => log.bounds(topic, lane),
    read: async (topic, lane, fromOffset, max) => {
      const first = firsts[lane] ?? 0, records = topic === 'transactions.raw' && fromOffset < first ? await older.read(lane, { fromOffset, max, first }) : [];
      return records.length > 0 ? records : log.read(topic, lane, fromOffset, max);
    },
    close: async () => {
      await older.close();
      await files.close();
      await log.close();
    },
  };
}
