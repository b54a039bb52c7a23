import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbLogReader } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import type { EventLog } from '@weir/ports';
import { firstWithHistory } from '../history/historic-log';
import { OlderHalf } from '../history/older-half';

/** Where a suite's lanes are, as it goes to a thread or a process. */
export interface LogPlace {
  readonly dataDir: string;
  readonly lanes: number;
  readonly kafka: readonly string[] | undefined;
}

/** `history`: folder of the files that hold the log's older half; there may be none. */
export interface HistoricPlace extends LogPlace { readonly history: string }

export type LogBeside = Pick<EventLog, 'bounds' | 'read' | 'close'>;

/** The log for a thread or a process beside the one that writes it. @throws WeirError WEIR_USAGE when there is none yet. */
export function openLogBeside({ dataDir, lanes, kafka }: LogPlace): LogBeside {
  if (kafka !== undefined) return kafkaBeside(kafka, lanes);
  const reader = new LmdbLogReader(join(dataDir, 'log'));
  return {
    bounds: (topic, lane) => Promise.resolve(reader.bounds(topic, lane)),
    read: (topic, lane, fromOffset, max) => Promise.resolve(reader.read(topic, lane, fromOffset, max)),
    close: () => reader.close(),
  };
}

/** The client of the broker takes half a second to load: who reads a folder does without it. */
function kafkaBeside(brokers: readonly string[], lanes: number): LogBeside {
  const opened = import('./kafka-beside.js').then(({ openKafka }) => openKafka(brokers, lanes));
  opened.catch(() => undefined); // said to whoever reads
  return {
    bounds: async (topic, lane) => (await opened).bounds(topic, lane),
    read: async (topic, lane, fromOffset, max) => (await opened).read(topic, lane, fromOffset, max),
    close: async () => (await opened).close(),
  };
}

/** The same with history as its older half; what the log gives up to history while it is read is found there. */
export async function openHistoricBeside(place: HistoricPlace): Promise<LogBeside> {
  const log = openLogBeside(place);
  if (!existsSync(place.history)) return log;
  const files = new ParquetOfflineStore({ path: place.history, readOnly: true }), older = new OlderHalf(files);
  const firstOf = async (lane: number): Promise<number> => (await log.bounds('transactions.raw', lane)).first;
  const firsts = await Promise.all(Array.from({ length: place.lanes }, (_, lane) => firstOf(lane)));
  return {
    bounds: async (topic, lane) => {
      const { first, next } = await log.bounds(topic, lane);
      return { first: topic === 'transactions.raw' ? firstWithHistory(files, lane, first) : first, next };
    },
    read: async (topic, lane, fromOffset, max) => {
      if (topic !== 'transactions.raw') return log.read(topic, lane, fromOffset, max);
      const known = firsts[lane] ?? 0, before = fromOffset < known ? await older.read(lane, { fromOffset, max, first: known }) : [];
      if (before.length > 0) return before;
      const records = await log.read(topic, lane, fromOffset, max);
      if (fromOffset < known || (records[0]?.offset ?? fromOffset) === fromOffset) return records;
      const since = await older.read(lane, { fromOffset, max, first: (firsts[lane] = await firstOf(lane)) });
      return since.length > 0 ? since : records;
    },
    close: async () => {
      await older.close();
      await files.close();
      await log.close();
    },
  };
}
