import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { traceIdOf } from '@weir/contracts';
import type { Logger } from '@weir/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptedTypes, mediaType } from './body-parsers';
import { problemOf, problems, type Accepted, type Problem } from './problem';
import { traceOf } from './request-traces';

/** Turns whatever was thrown into a problem document. What is our fault is logged in full and told in one sentence. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  /** `allowedMethods` of a path, for 405; empty where nothing is. */
  constructor(private readonly logger: Logger, private readonly allowedMethods: (path: string) => readonly string[]) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = error instanceof NotFoundException ? this.unknownRoute(request) : problemOf(error, acceptedBy(request));
    if (problem !== undefined) return sendProblem(reply, problem);
    const traceId = traceIdOf(traceOf(request)) ?? undefined;
    this.logger.error({ err: error, route: request.routeOptions.url, method: request.method, trace_id: traceId }, 'request failed');
    sendProblem(reply, problems.internal(traceId));
  }

  private unknownRoute(request: FastifyRequest): Problem {
    const path = request.url.split('?', 1)[0] ?? '';
    const allow = this.allowedMethods(path);
    return allow.length === 0 || allow.includes(request.method) ? problems.notFound('there is nothing at this path') : problems.methodNotAllowed(allow);
  }
}

const acceptedBy = (request: FastifyRequest): Accepted => ({ types: acceptedTypes(request), type: mediaType(request.headers['content-type']), bytesMax: request.routeOptions.bodyLimit });

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  void reply.code(problem.status).headers(problem.headers).type('application/problem+json').serializer(asIs).send(JSON.stringify(problem.body()));
}

const asIs = (text: unknown): string => String(text);
