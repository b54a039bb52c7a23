import { z } from 'zod';
import { isoTime, name, next, page, timeMs } from './shared.schema';

const steps = z.record(z.string(), z.array(z.string())).meta({ description: 'Ids of the events by step, in the order taken.' });
const kinds = z.enum(['match', 'timeout', 'limit', 'late']).meta({ description: '`late`: an event came too late for an ordered pattern; its id is in `events.late`.' });

export const matchSchema = z.object({
  id: z.string(), kind: kinds, pattern: z.string(), version: z.number().int(), mode: z.enum(['live', 'shadow']),
  entity: z.string().nullable(), key: z.string().meta({ description: 'Tokens in place.' }), events: steps, first: isoTime, last: isoTime,
  by_event: z.boolean().meta({ description: 'False where time alone gave it.' }),
  limit: z.object({ name: z.string(), max: z.number(), dropped: z.number() }).nullable().meta({ description: 'Of a limit: which bound was reached, and how much was given up.' }),
  late_by_ms: z.number().nullable(),
}).meta({ id: 'Match', description: 'What a pattern gave.' });

export const matchesQuery = z.strictObject({
  pattern: name.optional(), kind: kinds.optional(), entity: z.string().regex(/^[^:]+:.+$/, 'TYPE:KEY').max(1_200).optional().meta({ description: '`card:…`, raw or as its token.' }), from: timeMs.optional(), to: timeMs.optional(), ...page,
});
export const matchesPage = z.object({ matches: z.array(matchSchema), next });

export const standingSchema = z.object({
  pattern: z.string(), version: z.number().int(), entity: z.object({ type: z.string(), id: z.string() }),
  open: z.array(z.object({ steps, awaits: z.array(z.string()).meta({ description: 'Steps that may come next.' }), since: isoTime, until: isoTime.nullable().meta({ description: 'When its time is over; null: never.' }) })),
  open_count: z.number().int(),
  latest: z.object({ decision_id: z.string(), transaction_id: z.string(), fired: z.boolean().nullable(), explanation: z.string(), parts: z.array(z.object({ text: z.string(), held: z.boolean().nullable(), value: z.unknown() })) }).nullable()
    .meta({ description: 'Why the latest decision of the entity did not complete it; null: there is none.' }),
}).meta({ id: 'PatternStanding' });
export const standingQuery = z.strictObject({ pattern: name });
