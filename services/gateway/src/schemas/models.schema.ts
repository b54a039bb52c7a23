import { z } from 'zod';
import { isoTime } from './shared.schema';

const rate = z.number().nullable();
export const modelSchema = z.object({
  name: z.string(), version: z.number().int(), role: z.enum(['champion', 'challenger', 'shadow']), share: z.number(), features: z.string(), file: z.string(), sha256: z.string().nullable(),
  last_minute: z.object({ calls: z.number(), rows: z.number(), errors: z.number(), error_rate: z.number(), p50_ms: z.number(), p99_ms: z.number() }).nullable().meta({ description: 'Null: it was not asked. Errors are rows with no answer.' }),
}).meta({ id: 'ModelInForce' });
export const qualitySchema = z.object({
  model: z.string(), version: z.number().int().nullable(), answers: z.boolean().meta({ description: 'False: it ran beside the model that decided.' }), week: isoTime.meta({ description: 'Its Monday, UTC.' }),
  decisions: z.number(), rows: z.number().meta({ description: 'The figures are of so many of them; the others are stood for.' }), mature: z.number().meta({ description: 'Share that is old enough for its labels; the figures are of these.' }),
  frauds: z.number(), fraud_share: rate, mean_p: rate, auc: rate, average_precision: rate, card_precision: z.object({ k: z.number(), value: rate }), brier: rate, calibration_error: rate,
  calibration: z.array(z.object({ count: z.number(), mean_p: z.number(), fraud_share: z.number() })), alert_rate: rate,
}).meta({ id: 'ModelQuality' });
export const driftSchema = z.object({
  from: isoTime, to: isoTime, decisions: z.number(), rows: z.number(),
  features: z.array(z.object({
    feature: z.string(), reference: z.enum(['background', 'decisions']), psi: z.number(), jensen_shannon: z.number(), kolmogorov_smirnov: z.object({ distance: z.number(), p_value: z.number() }).nullable(),
    missing_rate: z.object({ reference: z.number(), current: z.number() }), new_categories: z.array(z.string()), new_categories_share: z.number(), passed: z.array(z.string()).meta({ description: 'Limits that it passed; none: it did not drift.' }),
  })),
}).meta({ id: 'DriftWindow' });
