import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { problemOf, problems, type Problem } from '../http/problem';

const codeByHttpStatus: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT, 401: status.UNAUTHENTICATED, 403: status.PERMISSION_DENIED, 404: status.NOT_FOUND, 409: status.ALREADY_EXISTS, 413: status.RESOURCE_EXHAUSTED,
  422: status.INVALID_ARGUMENT, 429: status.RESOURCE_EXHAUSTED, 503: status.UNAVAILABLE,
};

/**
 * The status of whatever was thrown; what HTTP answers in its body is the trailer `weir-problem-bin` (JSON), `Retry-After` the trailer
 * `retry-after`. `undefined` of a problem is a fault of ours, of which the caller learns nothing.
 */
export function statusOf(error: unknown): StatusObject & { readonly ours: boolean } {
  const known = problemOf(error);
  const problem: Problem = known ?? problems.internal();
  const metadata = new Metadata();
  metadata.set('weir-problem-bin', Buffer.from(JSON.stringify(problem.body())));
  const retryAfter = problem.headers['retry-after'];
  if (retryAfter !== undefined) metadata.set('retry-after', retryAfter);
  return { code: known === undefined ? status.INTERNAL : (codeByHttpStatus[problem.status] ?? status.UNKNOWN), details: problem.detail, metadata, ours: known === undefined };
}
