import { z } from 'zod';
import { decidedByOrder } from '@weir/contracts';
import { outcome } from './decision.schema';
import { durationMs, id, isoTime, name, next, page, queryFlag } from './shared.schema';

const status = z.enum(['open', 'claimed', 'resolved']);
const resolution = z.enum(['fraud', 'genuine', 'unclear']);
const text = z.string().min(1).max(4_000);

export const caseSchema = z.object({
  id: z.string(), decision_id: z.string(), transaction_id: z.string(), outcome, score: z.number(),
  amount: z.number().nullable().meta({ description: "The transaction's `amount`, minor units." }),
  priority: z.number().meta({ description: 'Expected loss: score × amount; the score where there is no amount.' }),
  created_at: isoTime,
  due_at: isoTime.nullable().meta({ description: "When it should be resolved by, by the policy's `sla`; null: it says nothing." }), overdue: z.boolean().meta({ description: 'Not resolved, though it is due.' }),
  status, claimed_by: z.string().nullable(), claimed_until: isoTime.nullable().meta({ description: 'Afterwards the case is open again.' }),
  resolution: resolution.nullable(), resolved_by: z.string().nullable(), resolved_at: isoTime.nullable(),
}).meta({ id: 'Case', description: 'A decision in review, or one with an alert, for a person to look at.' });
const comment = z.object({ at: isoTime, by: z.string(), text: z.string() });
export const caseWithComments = caseSchema.extend({ comments: z.array(comment) }).meta({ id: 'CaseWithComments' });
export const casesPage = z.object({ cases: z.array(caseSchema), next });
export const casesQuery = z.strictObject({
  status: status.optional(), claimed_by: name.optional().meta({ description: '`me`: the caller.' }),
  overdue: queryFlag.optional().meta({ description: '`true`: only those that are due and not resolved.' }),
  sort: z.enum(['priority', 'newest', 'due']).default('priority').meta({ description: 'What is worth most first, what is newest, or what is due first.' }), ...page,
});
export const claimBody = z.strictObject({ for: durationMs.refine((ms) => ms >= 60_000 && ms <= 86_400_000, '1m to 24h').optional().meta({ description: 'How long the claim holds, default 30m; again by the same caller: from now.' }) });
export const commentBody = z.strictObject({ text });
export const resolveBody = z.strictObject({
  resolution: resolution.meta({ description: '`fraud` and `genuine` become the label of the transaction.' }),
  comment: text.optional(),
  list: z.strictObject({
    name, value: id.optional().meta({ description: "Default: what the transaction has in the list's field." }),
    ttl: durationMs.optional().meta({ description: "Default: the list's." }),
  }).optional().meta({ description: 'Puts it on a list, too.' }),
});

export const entityParams = z.object({ type: name, id });
export const timelineQuery = z.strictObject(page);
export const timelineAnswer = z.object({
  entity: z.object({ type: z.string(), id: z.string() }),
  timeline: z.array(z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('decision'), at: isoTime, id: z.string(), transaction_id: z.string(), outcome, score: z.number(), decided_by: z.enum(decidedByOrder), alert: z.boolean(),
      rules: z.array(z.string()).meta({ description: 'Rules and patterns that fired.' }), entities: z.array(z.string()).meta({ description: '`type:key` of each entity of the event.' }), amount: z.number().nullable(),
    }),
    z.object({ kind: z.literal('label'), at: isoTime, transaction_id: z.string(), fraud: z.boolean(), by: z.string(), source: z.string().nullable() }),
  ])).meta({ description: 'Newest first within the page; a label comes with its decision.' }),
  next,
}).meta({ id: 'Timeline' });

const linkedEntity = z.object({ type: z.string(), id: z.string() });
const seen = { transactions: z.number().int(), refused: z.number().int().meta({ description: 'Of them blocked or in review.' }), first: isoTime, last: isoTime };
export const linksAnswer = z.object({
  entity: linkedEntity,
  shared: z.array(linkedEntity.extend({ ...seen, hot: z.boolean().meta({ description: 'Shared by too many to mean anything; not looked into.' }) })).meta({ description: 'What its latest transactions had besides.' }),
  links: z.array(linkedEntity.extend({ ...seen, via: z.array(z.string()).meta({ description: '`type:key` that both have.' }) })).meta({ description: 'Others of its kind that share some of it; the closest first: what few share counts more.' }),
  complete: z.boolean().meta({ description: 'False: there was more than is looked at.' }),
}).meta({ id: 'Links' });
