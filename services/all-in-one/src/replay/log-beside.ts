import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformaticEventLog } from '@weir/adapters/kafka';
import { LmdbLogReader } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import type { EventLog } from '@weir/ports';
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

/** History as the files are now, for reading beside the thread that writes them; undefined where there is none. */
export const openHistoryBeside = (path: string): ParquetOfflineStore | undefined => (existsSync(path) ? new ParquetOfflineStore({ path, readOnly: true }) : undefined);
