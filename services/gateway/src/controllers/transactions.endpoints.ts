import { z } from 'zod';
import { ndjsonTypes } from '../http/body-parsers';
import { endpoint } from '../http/endpoint';
import { json, problemResponses } from '../http/responses';
import { decisionSchema, minimalDecisionSchema, pendingSchema, submitQuery, transactionBody, transactionIdParams } from '../schemas/decision.schema';
import { problemSchema } from '../schemas/problem.schema';
import { name } from '../schemas/shared.schema';

const tag = 'Transactions';
const acceptedSchema = z.object({ status: z.literal('accepted'), id: z.string(), transaction_id: z.string().nullable() });
const notYet = json('Accepted, not decided yet (or, for a source that gets no decision: accepted).', z.union([pendingSchema, acceptedSchema]));
const sourceQuery = z.strictObject({ source: name.optional() });

export const postTransaction = endpoint({
  method: 'POST', path: '/transactions', tag, role: 'decide', alsoFor: ['replay'], summary: 'Accept and decide a transaction',
  description: "Answers with the decision within the policy's deadline, else 202 and where it will be. The same transaction id again gives the first decision and the header `Weir-Duplicate: true`.",
  query: submitQuery, body: { schema: transactionBody },
  headers: { 'Idempotency-Key': 'Up to 256 characters; for 24 h the same key with another body is a 409.', traceparent: 'W3C trace context.' },
  responses: { 200: json('The decision.', decisionSchema), 202: notYet, ...problemResponses(400, 409, 413, 415, 422) },
});

const batchRow = z.union([decisionSchema, minimalDecisionSchema, pendingSchema, acceptedSchema, problemSchema]);
export const postBatch = endpoint({
  method: 'POST', path: '/transactions/batch', tag, role: 'decide', alsoFor: ['replay'], batch: true, summary: 'Accept and decide many',
  description: 'A JSON array gives `{results: […]}`; NDJSON gives NDJSON, a line per line. In order, per row the decision or a problem object; a bad row harms no other. A duplicate carries `duplicate: true`.',
  headers: { Prefer: '`return=minimal`: of a decision only id, transaction_id, outcome and score.' },
  query: sourceQuery, body: { schema: z.array(transactionBody), types: ['application/json', ...ndjsonTypes] },
  responses: { 200: json('An answer per row.', z.object({ results: z.array(batchRow) })), ...problemResponses(400, 413, 415, 422) },
});

export const pushEvents = endpoint({
  method: 'POST', path: '/push', tag, role: 'decide', alsoFor: ['replay'], batch: true, summary: 'Append events of a source (Feast)',
  description: "Feast's push: `push_source_name` is the source, `df` its columns. The events pass the log like all others. The way without Feast is the form of `/transactions/batch` with `?source=`.",
  query: sourceQuery,
  body: {
    schema: z.union([
      z.strictObject({ push_source_name: name, df: z.record(z.string(), z.array(z.unknown())), to: z.enum(['online', 'offline', 'online_and_offline']).optional(), allow_registry_cache: z.boolean().optional() }),
      z.array(transactionBody),
    ]),
    types: ['application/json', ...ndjsonTypes],
  },
  responses: { 200: json('An answer per row.', z.object({ results: z.array(batchRow) })), ...problemResponses(400, 413, 415, 422) },
});

export const getTransaction = endpoint({
  method: 'GET', path: '/transactions/:transaction_id', tag, role: 'read', alsoFor: ['decide', 'replay'], summary: "A transaction's decision, by the caller's own id",
  description: 'What the POST answered, or would have: the first decision of a duplicate, 422 of a quarantined one, 202 while it is being decided.',
  params: transactionIdParams,
  responses: { 200: json('The decision.', decisionSchema), 202: notYet, ...problemResponses(404, 422) },
});
