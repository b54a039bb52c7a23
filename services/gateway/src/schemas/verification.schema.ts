import { z } from 'zod';
import { mismatchReasons } from '../dependencies/verification';
import { isoTime, jsonObject } from './shared.schema';

export const verificationAnswer = z.object({
  share: z.number(), passes: z.number().int(), last_pass: isoTime.nullable(), last_error: z.string().nullable(), keys: z.number().int(), same: z.number().int(), different: z.number().int(),
  by_reason: z.record(z.enum(mismatchReasons), z.number().int()), by_view: z.record(z.string(), z.object({ same: z.number().int(), different: z.number().int() })), examples: z.array(jsonObject),
}).meta({ id: 'Verification', description: 'Since the start: keys of views whose served state was computed again from the log.' });
