import type { z } from 'zod';
import { problemSchema } from '../schemas/problem.schema';
import type { ResponseSpec } from './endpoint';

const text: Readonly<Record<number, string>> = {
  400: 'Not parsable.', 404: 'There is no such thing.', 409: 'It contradicts what was sent before.', 413: 'The body is too large.', 415: 'The content type is not accepted here.', 422: 'Parsable and wrong; `errors` names the fields.',
  503: 'Not now; Retry-After says when.',
};

/** The problems an endpoint may answer besides those every one has (401, 403, 429, 503). */
export function problemResponses(...statuses: readonly number[]): Record<number, ResponseSpec> {
  return Object.fromEntries(statuses.map((status) => [status, { description: text[status] ?? 'Problem.', schema: problemSchema, type: 'application/problem+json' }]));
}

export const noContent: ResponseSpec = { description: 'Done.' };
export const json = (description: string, schema: z.ZodType): ResponseSpec => ({ description, schema });
