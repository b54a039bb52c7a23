import { HttpException } from '@nestjs/common';
import { WeirError, type ErrorCode, type Finding } from '@weir/contracts';
import type { ProblemBody } from '../schemas/problem.schema';

/** Codes that only the HTTP border has. */
type BorderCode =
  | 'WEIR_NOT_PARSABLE' | 'WEIR_UNAUTHORISED' | 'WEIR_FORBIDDEN' | 'WEIR_METHOD_NOT_ALLOWED' | 'WEIR_TOO_LARGE' | 'WEIR_MEDIA_TYPE'
  | 'WEIR_RATE_LIMITED' | 'WEIR_OVERLOADED' | 'WEIR_QUARANTINED' | 'WEIR_INTERNAL';
export type ProblemCode = ErrorCode | BorderCode;

interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the body. */
  readonly more?: Readonly<Record<string, unknown>>;
}
type FieldError = Omit<Finding, 'where'> & { readonly where?: string };

/** An answer that says what was wrong: RFC 9457, with a `type` that stays. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(readonly status: number, readonly code: ProblemCode, readonly detail: string, readonly options: ProblemOptions = {}) {
    super(detail);
  }

  get headers(): Readonly<Record<string, string>> { return this.options.headers ?? {}; }

  body(): ProblemBody {
    return {
      type: `urn:weir:problem:${this.code}`, title: titleByStatus[this.status] ?? 'Error', status: this.status, detail: this.detail,
      ...(this.options.errors === undefined ? {} : { errors: [...this.options.errors] }), ...this.options.more,
    };
  }
}

export const problems = {
  notParsable: (detail: string) => new Problem(400, 'WEIR_NOT_PARSABLE', detail),
  unauthorised: (detail: string) => new Problem(401, 'WEIR_UNAUTHORISED', detail, { headers: { 'www-authenticate': 'Bearer realm="weir"' } }),
  forbidden: (detail: string) => new Problem(403, 'WEIR_FORBIDDEN', detail),
  notFound: (detail: string) => new Problem(404, 'WEIR_NOT_FOUND', detail),
  methodNotAllowed: (allow: readonly string[]) => new Problem(405, 'WEIR_METHOD_NOT_ALLOWED', `allowed here: ${allow.join(', ')}`, { headers: { allow: allow.join(', ') } }),
  conflict: (detail: string) => new Problem(409, 'WEIR_CONFLICT', detail),
  tooLarge: (bytesMax: number | undefined) => new Problem(413, 'WEIR_TOO_LARGE', bytesMax === undefined ? 'the body is too large' : `the body is larger than ${bytesMax} bytes`),
  mediaType: (accepted: readonly string[], got: string | undefined) => new Problem(415, 'WEIR_MEDIA_TYPE', `the content type is ${got === undefined || got === '' ? 'missing' : got}; accepted here: ${accepted.join(', ')}`, {
    errors: [{ field: 'content-type', expected: accepted.join(', '), got: got === undefined || got === '' ? 'nothing' : got }],
  }),
  invalid: (detail: string, errors: readonly FieldError[]) => new Problem(422, 'WEIR_INPUT_INVALID', detail, { errors }),
  rateLimited: (retryAfterMs: number) => new Problem(429, 'WEIR_RATE_LIMITED', 'too many requests', { headers: retryAfter(retryAfterMs) }),
  overloaded: (detail: string, retryAfterMs = retryAfterMsDefault) => new Problem(503, 'WEIR_OVERLOADED', detail, { headers: retryAfter(retryAfterMs) }),
  /** `traceId`: under which the log, and the traces, say why. */
  internal: (traceId?: string) => new Problem(500, 'WEIR_INTERNAL', 'the request could not be answered; the log says why', traceId === undefined ? {} : { more: { trace_id: traceId } }),
};

const retryAfterMsDefault = 1_000;
const retryAfter = (ms: number): Record<string, string> => ({ 'retry-after': String(Math.max(1, Math.ceil(ms / 1_000))) });

const titleByStatus: Readonly<Record<number, string>> = {
  400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 408: 'Request Timeout', 409: 'Conflict', 413: 'Content Too Large', 414: 'URI Too Long',
  415: 'Unsupported Media Type', 422: 'Unprocessable Content', 429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 500: 'Internal Server Error', 503: 'Service Unavailable',
};

const statusByCode: Partial<Record<ErrorCode, number>> = {
  WEIR_INPUT_INVALID: 422, WEIR_DEFINITION_INVALID: 422, WEIR_EXPRESSION_INVALID: 422, WEIR_PATTERN_INVALID: 422, WEIR_MODEL_INVALID: 422,
  WEIR_USAGE: 422, WEIR_NOT_FOUND: 404, WEIR_CONFLICT: 409, WEIR_LIMIT_REACHED: 503, WEIR_FENCED: 503,
};

/** What a route takes, for errors of the framework that do not say it. */
export interface Accepted { readonly types: readonly string[]; readonly type: string | undefined; readonly bytesMax: number | undefined }

/** What any error is to the caller; undefined for a fault of ours, of which the caller learns nothing. */
export function problemOf(error: unknown, accepted?: Accepted): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof WeirError) return problemOfWeirError(error);
  return problemOfFramework(error, accepted);
}

function problemOfWeirError(error: WeirError): Problem | undefined {
  const status = statusByCode[error.code] ?? (error.retriable ? 503 : undefined);
  if (status === undefined) return undefined;
  return new Problem(status, error.code, error.message, {
    ...(status === 422 ? { errors: error.findings } : {}),
    ...(status === 503 ? { headers: retryAfter(retryAfterMsDefault) } : {}),
  });
}

/** Errors of the framework carry a status, Fastify's as a field and Nest's by a method; those below 500 are the caller's. */
function problemOfFramework(error: unknown, accepted: Accepted | undefined): Problem | undefined {
  const status = error instanceof HttpException ? error.getStatus() : error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status !== 'number') return undefined;
  if (status === 413) return problems.tooLarge(accepted?.bytesMax);
  if (status === 415) return problems.mediaType(accepted?.types ?? [], accepted?.type);
  if (status === 503) return problems.overloaded('the process is stopping');
  return status >= 400 && status < 500 && error instanceof Error ? new Problem(status, 'WEIR_NOT_PARSABLE', error.message) : undefined;
}
