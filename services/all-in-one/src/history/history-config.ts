import { resolve } from 'node:path';
import { WeirError } from '@weir/contracts';
import { parseDurationMs } from '@weir/definitions';
import { flag, readConfig, wholeNumber } from '@weir/platform';
import { z } from 'zod';

const schema = z.object({
  /** False: no history is written. What is in the log when it is switched on again comes after. */
  WEIR_HISTORY: flag().default(true),
  /** Folder of the Parquet files; default: `history` in the data folder. */
  WEIR_HISTORY_DIR: z.string().optional(),
  /** Whole days that are kept; 0: all. */
  WEIR_HISTORY_DAYS: wholeNumber({ min: 0, max: 36_500 }).default(0),
  /** What waits is written after this time at the latest, while anything but ticks comes in. */
  WEIR_HISTORY_FLUSH_MS: wholeNumber({ min: 100, max: 86_400_000 }).default(60_000),
  /** How long a record stays in the embedded log once history and the stored state have it, e.g. `7d`; without it, for ever. */
  WEIR_LOG_KEEP: z.string().refine((text) => parseDurationMs(text) !== undefined, { error: 'a duration such as 7d or 12h' }).optional(),
});

export interface HistoryOptions { readonly enabled: boolean; readonly path: string; readonly days: number; readonly flushMs: number; readonly logKeepMs: number | undefined }

/** How history is kept, from the environment. @throws WeirError WEIR_USAGE. */
export function readHistoryOptions(env: Readonly<Record<string, string | undefined>>, dataDir: string): HistoryOptions {
  const config = readConfig(schema, env), logKeepMs = config.WEIR_LOG_KEEP === undefined ? undefined : parseDurationMs(config.WEIR_LOG_KEEP);
  if (logKeepMs !== undefined && !config.WEIR_HISTORY) throw new WeirError('WEIR_USAGE', 'WEIR_LOG_KEEP: the log is cut behind history alone, and WEIR_HISTORY is false');
  return Object.freeze({ enabled: config.WEIR_HISTORY, path: resolve(config.WEIR_HISTORY_DIR ?? `${dataDir}/history`), days: config.WEIR_HISTORY_DAYS, flushMs: config.WEIR_HISTORY_FLUSH_MS, logKeepMs });
}
