import { z } from 'zod';
import { id, isoTime, name, next, page, timeMs } from './shared.schema';

const status = z.enum(['open', 'closed']);

export const alertSchema = z.object({
  id: z.string(), at: isoTime.meta({ description: 'Event time.' }), severity: z.string(), raised_by: z.object({ kind: z.string(), name: z.string(), key: z.string().nullable() }),
  entity: z.string().nullable().meta({ description: '`type:key`.' }), decision_id: z.string().nullable(), transaction_id: z.string().nullable(), text: z.string(),
  case_id: z.string().nullable().meta({ description: 'The case of its decision, where it has one.' }),
  status: status.meta({ description: '`closed` with its case, or by itself.' }), closed_by: z.string().nullable(), closed_at: isoTime.nullable(),
}).meta({ id: 'Alert' });
export const alertsPage = z.object({ alerts: z.array(alertSchema), next });
export const alertsQuery = z.strictObject({
  status: status.optional(), severity: name.optional(), raised_by: name.optional().meta({ description: 'Name of a rule, a pattern, a policy or a model.' }),
  decision_id: id.optional().meta({ description: 'The alerts of one decision, all at once.' }), from: timeMs.optional(), to: timeMs.optional(), ...page,
});
