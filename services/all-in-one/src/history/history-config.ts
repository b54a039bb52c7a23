import { resolve } from 'node:path';
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
});

export interface HistoryOptions { readonly enabled: boolean; readonly path: string; readonly days: number; readonly flushMs: number }

/** How history is kept, from the environment. @throws WeirError WEIR_USAGE. */
export function readHistoryOptions(env: Readonly<Record<string, string | undefined>>, dataDir: string): HistoryOptions {
  const config = readConfig(schema, env);
  return Object.freeze({ enabled: config.WEIR_HISTORY, path: resolve(config.WEIR_HISTORY_DIR ?? `${dataDir}/history`), days: config.WEIR_HISTORY_DAYS, flushMs: config.WEIR_HISTORY_FLUSH_MS });
}
