import { readConfig, wholeNumber } from '@weir/platform';
import { z } from 'zod';

const share = (bounds: { readonly min: number; readonly max: number }) => z.coerce.number().min(bounds.min).max(bounds.max);

const schema = z.object({
  /** Longest wait for a model's answer to a batch; then its decisions are taken without it, degraded. 0 waits for ever. */
  WEIR_MODEL_BUDGET_MS: wholeNumber({ min: 0, max: 60_000 }).default(500),
  /** Share of rows without an answer, over a minute, above which a new version of a model goes back to the former one. */
  WEIR_MODEL_ERROR_RATE_MAX: share({ min: 0, max: 1 }).default(0.01),
  /** 99th percentile of the time for a batch (for 64 rows of a larger one), over a minute, above which it does. */
  WEIR_MODEL_LATENCY_MAX_MS: wholeNumber({ min: 1, max: 60_000 }).default(200),
  /** Rows of that minute before anything is judged. */
  WEIR_MODEL_ROWS_MIN: wholeNumber({ min: 1, max: 1_000_000 }).default(50),
  /** How long a version is new; an older one is only told of. */
  WEIR_MODEL_PROBATION_MS: wholeNumber({ min: 0, max: 365 * 86_400_000 }).default(86_400_000),
  /** How often the same is told of a model. */
  WEIR_MODEL_QUIET_MS: wholeNumber({ min: 0, max: 30 * 86_400_000 }).default(3_600_000),
});

export interface ModelsOptions {
  /** null: for ever. */
  readonly budgetMs: number | null;
  readonly errorRateMax: number;
  readonly latencyMaxMs: number;
  readonly rowsMin: number;
  readonly probationMs: number;
  readonly quietMs: number;
}

/** How models are watched, from the environment. @throws WeirError WEIR_USAGE. */
export function readModelsOptions(env: Readonly<Record<string, string | undefined>>): ModelsOptions {
  const config = readConfig(schema, env);
  return Object.freeze({
    budgetMs: config.WEIR_MODEL_BUDGET_MS === 0 ? null : config.WEIR_MODEL_BUDGET_MS, errorRateMax: config.WEIR_MODEL_ERROR_RATE_MAX, latencyMaxMs: config.WEIR_MODEL_LATENCY_MAX_MS,
    rowsMin: config.WEIR_MODEL_ROWS_MIN, probationMs: config.WEIR_MODEL_PROBATION_MS, quietMs: config.WEIR_MODEL_QUIET_MS,
  });
}
