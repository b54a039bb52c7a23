import { decidedByOrder, featureStatuses } from '@weir/contracts';
import { z } from 'zod';
import { id, isoTime, jsonObject, name, next, page, queryFlag, timeMs } from './shared.schema';

export const outcome = z.enum(['approve', 'review', 'block']);
const decidedBy = z.enum(decidedByOrder);

export const featureValues = z.record(z.string(), z.unknown()).meta({ description: 'Value by feature name; null where there is none.' });
export const featureStatusByName = z.record(z.string(), z.enum(featureStatuses)).meta({ description: 'Status by feature name.' });

const modelPart = z.object({
  name: z.string(), version: z.number().int(),
  p: z.number().nullable().meta({ description: 'P(fraud); null when the model gave no answer.' }),
  margin: z.number().optional().meta({ description: 'base + contributions; log-odds where the model ends in a logistic. Only where an explanation was asked for.' }),
  base: z.number().optional(),
  contributions: z.record(z.string(), z.number()).optional().meta({ description: 'By input of the model; TreeSHAP values for tree ensembles.' }),
});

export const decisionSchema = z
  .looseObject({
    id: z.string(), transaction_id: z.string(), event_time: isoTime,
    outcome, score: z.number().min(0).max(1), risk_score: z.number().min(0).max(100),
    decided_by: decidedBy, overruled: z.array(decidedBy),
    reasons: z.array(z.object({ kind: z.string(), name: z.string(), text: z.string(), contribution: z.number().meta({ description: 'score − score without it.' }) })),
    rules: z.array(z.string()), patterns: z.array(z.string()),
    matches: z.array(z.object({ pattern: z.string(), version: z.number().int(), events: z.record(z.string(), z.array(z.string())).meta({ description: 'Transaction ids by step.' }) })),
    unknown: z.array(z.string()), shadow: z.array(z.string()), lists: z.array(z.string()),
    list_changes: z.array(z.object({ list: z.string(), value: z.string(), until: z.number().nullable().meta({ description: 'ms since the epoch, as the verdict has it; null: for ever.' }) })),
    explored: z.boolean().optional().meta({ description: "The policy's exploration share let it pass." }),
    propensity: z.number().optional().meta({ description: 'Where the exploration share could have let it pass: with which probability it came out as it did.' }),
    tags: z.array(z.string()), alert: z.boolean(), policy: z.string(),
    model: modelPart.nullable(), other_models: z.record(z.string(), z.number().nullable()),
    features: featureValues, statuses: featureStatusByName,
    tx: jsonObject, profiles: z.record(z.string(), jsonObject),
    set: z.string().meta({ description: 'SHA-256 of the set of definitions in force.' }),
    positions: z.array(z.number()).nullable(), degraded: z.boolean(), degraded_why: z.array(z.string()),
    meta: z.object({ decided_at: isoTime, latency_ms: z.record(z.string(), z.number()), trace_id: z.string().nullable() }).meta({ description: 'What was measured; no part of the verdict.' }),
  })
  .meta({ id: 'Decision', description: 'A verdict, the features it was made from, and what was measured.' });
/** A decision as HTTP answers it. */
export type DecisionRecord = z.infer<typeof decisionSchema>;

export const minimalDecisionSchema = z
  .object({ id: z.string(), transaction_id: z.string(), outcome, score: z.number(), duplicate: z.literal(true).optional() })
  .meta({ id: 'MinimalDecision', description: 'What a decision came to; with `Prefer: return=minimal`.' });

export const pendingSchema = z
  .object({ status: z.literal('pending'), id: z.string(), transaction_id: z.string().nullable(), location: z.string() })
  .meta({ id: 'Pending', description: 'Accepted; the decision is at `location` when it is taken.' });

export const submitQuery = z.strictObject({
  source: name.optional().meta({ description: 'The source the event belongs to; default: the one that is decided.' }),
  explain: queryFlag.optional().meta({ description: "Adds the model's base, margin and contributions." }),
  wait: z.enum(['accepted', 'decided']).optional().meta({ description: '`accepted`: 202 as soon as the event is durable.' }),
});
export const transactionBody = jsonObject.meta({ description: 'One event with the fields its source declares.', examples: [{ transaction_id: 't-1', event_time: '2026-03-01T12:00:00Z', card_id: 'c-1', amount: 5_716 }] });

export const searchQuery = z.strictObject({
  entity: z.string().regex(/^[^:]+:.+$/, 'TYPE:KEY').max(1_200).optional().meta({ description: '`card:…`: an entity type and its key, raw or as its token.' }),
  outcome: outcome.optional(), rule: name.optional(), pattern: name.optional(), alert: queryFlag.optional(),
  from: timeMs.optional(), to: timeMs.optional(), ...page,
});
export const decisionsPage = z.object({ decisions: z.array(decisionSchema), next });

export const whyNotQuery = z.strictObject({ rule: name.optional(), pattern: name.optional() })
  .refine(({ rule, pattern }) => (rule === undefined) !== (pattern === undefined), { message: 'either rule or pattern', path: ['rule'] });
export const whyNotSchema = z
  .object({
    decision_id: z.string(), kind: z.enum(['rule', 'pattern']), name: z.string(),
    fired: z.boolean().nullable().meta({ description: 'null: the condition was unknown.' }),
    explanation: z.string(),
    parts: z.array(z.object({ text: z.string(), held: z.boolean().nullable(), value: z.unknown() })).meta({ description: 'Each comparison, or each step, and what it saw.' }),
  })
  .meta({ id: 'WhyNot' });
export const idParams = z.object({ id });
export const transactionIdParams = z.object({ transaction_id: id });
