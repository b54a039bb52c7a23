import { parseTraceparent, traceHeader, traceparentOf } from '@weir/contracts';
import type { OpenSpan, Tracing } from '@weir/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { endpointOf } from './endpoint';

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of this request; undefined where it is not recorded. */
    span: OpenSpan | undefined;
    /** What goes on with it, where traces are taken. */
    traceparent: string | undefined;
  }
}

/** Fastify's onRequest hook behind the guard: strangers begin no trace. */
export function beginTrace(tracing: Tracing): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  return (request, _reply, done) => {
    const spec = endpointOf(request)?.spec;
    if (spec !== undefined && spec.unlimited !== true) {
      const entered = tracing.enter(`${spec.method} ${spec.path}`, { traceparent: headerOf(request), attributes: { 'http.request.method': spec.method, 'http.route': spec.path } });
      request.span = entered.span;
      request.traceparent = entered.traceparent;
    }
    done();
  };
}

/** Fastify's onResponse hook. */
export function endTrace(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  request.span?.end({ attributes: { 'http.response.status_code': reply.statusCode }, error: reply.statusCode >= 500 ? `status ${reply.statusCode}` : undefined });
  done();
}

/** The context that goes on with a request: ours where it is recorded, else what its caller sent. */
export function traceOf(request: FastifyRequest): string | undefined {
  if (request.traceparent !== undefined) return request.traceparent;
  return request.headers[traceHeader] === undefined ? undefined : normalised(headerOf(request));
}

/** In the form that everybody behind the gateway relies on. */
export function normalised(traceparent: string | undefined): string | undefined {
  const context = parseTraceparent(traceparent);
  return context && traceparentOf(context);
}

const headerOf = (request: FastifyRequest): string | undefined => {
  const value = request.headers[traceHeader];
  return typeof value === 'string' ? value : undefined;
};
