import { flag, readConfig, wholeNumber } from '@weir/platform';
import { z } from 'zod';

const dayMs = 86_400_000;

const schema = z.object({
  /** False: nothing is watched over time, no thread is started. */
  WEIR_MONITOR: flag().default(true),
  /** How long labels take: an older decision with no label counts as genuine. */
  WEIR_LABEL_DELAY_MS: wholeNumber({ min: 0, max: 365 * dayMs }).default(7 * dayMs),
  /** Event time that is compared with the reference at once. */
  WEIR_DRIFT_WINDOW_MS: wholeNumber({ min: 60_000, max: 90 * dayMs }).default(dayMs),
  /** An answer further from its label than this asks for retraining. */
  WEIR_MODEL_ERROR_MAX: z.coerce.number().min(0).max(1).default(0.5),
  /** Share of the champion's inputs that must have drifted for it to ask for retraining; drift of its P always does. */
  WEIR_DRIFT_FEATURES_MAX: z.coerce.number().min(0).max(1).default(0.2),
});

export interface MonitorOptions { readonly isOn: boolean; readonly labelDelayMs: number; readonly driftWindowMs: number; readonly errorMax: number; readonly driftShareMax: number }

/** What is watched over time, from the environment. @throws WeirError WEIR_USAGE. */
export function readMonitorOptions(env: Readonly<Record<string, string | undefined>>): MonitorOptions {
  const config = readConfig(schema, env);
  return Object.freeze({
    isOn: config.WEIR_MONITOR, labelDelayMs: config.WEIR_LABEL_DELAY_MS, driftWindowMs: config.WEIR_DRIFT_WINDOW_MS, errorMax: config.WEIR_MODEL_ERROR_MAX, driftShareMax: config.WEIR_DRIFT_FEATURES_MAX,
  });
}
