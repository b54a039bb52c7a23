import { applyDecorators, HttpCode, RequestMapping, RequestMethod } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Principal, Role } from '../roles';
import { problems } from './problem';
import { validate } from './validation';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface ResponseSpec {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default application/json. */
  readonly type?: string;
}

/**
 * All that is to be said of a route, once: it lays out the route, checks what comes in, asks for the role and writes the OpenAPI
 * document, so that the document cannot say anything else than what is done.
 */
export interface EndpointSpec<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: Method;
  /** As the router has it: `/features/:entity_type/:entity_id`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** null: open to all. */
  readonly role: Role | null;
  /** Roles that may do it as well. */
  readonly alsoFor?: readonly Role[];
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: BodySpec<Body>;
  /** Headers that the route reads, with what they mean. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Counted against the limit for batches instead of the one for requests, and may be as large as one. */
  readonly batch?: boolean;
  /** The body may be as large as a batch's. */
  readonly largeBody?: boolean;
  /** The body may be as large as this, whatever the options say. */
  readonly bodyBytesMax?: number;
  /** Neither limited nor counted: health, metrics, the stream that stays open. */
  readonly unlimited?: boolean;
}
export interface BodySpec<Body extends z.ZodType> {
  readonly schema: Body;
  /** Default application/json alone. The first is the one described. */
  readonly types?: readonly string[];
  readonly optional?: boolean;
}

export class Endpoint<Params extends z.ZodType = z.ZodType, Query extends z.ZodType = z.ZodType, Body extends z.ZodType = z.ZodType> {
  /** Any of these may; none: all may. */
  readonly roles: readonly Role[];
  constructor(readonly spec: EndpointSpec<Params, Query, Body>) {
    this.roles = spec.role === null ? [] : [spec.role, ...(spec.alsoFor ?? [])];
  }

  /** @throws Problem 422 with what does not fit. */
  params(request: FastifyRequest): z.output<Params> {
    return validate(this.given(this.spec.params), request.params, '');
  }
  query(request: FastifyRequest): z.output<Query> {
    return validate(this.given(this.spec.query), request.query, '');
  }
  /** @throws Problem 400 when it is no JSON, 422 with what does not fit. */
  body(request: FastifyRequest): z.output<Body> {
    return validate(this.given(this.spec.body?.schema), parseJsonBody(request), '');
  }

  private given<T>(schema: T | undefined): T {
    if (schema === undefined) throw new Error(`${this.spec.method} ${this.spec.path} declares no such part`);
    return schema;
  }
}

export function endpoint<Params extends z.ZodType = z.ZodNever, Query extends z.ZodType = z.ZodNever, Body extends z.ZodType = z.ZodNever>(
  spec: EndpointSpec<Params, Query, Body>,
): Endpoint<Params, Query, Body> {
  return new Endpoint(spec);
}

/** Makes a controller's method the one that answers an endpoint. */
export function Answers(handled: { readonly spec: EndpointSpec<z.ZodType, z.ZodType, z.ZodType> }): MethodDecorator {
  const { spec } = handled;
  return applyDecorators(
    RequestMapping({ path: spec.path, method: RequestMethod[spec.method] }),
    HttpCode(Number(Object.keys(spec.responses)[0] ?? 200)),
    RouteConfig({ endpoint: handled }),
  );
}

/** The endpoint that a request was routed to; undefined for a file or an unknown path. */
export function endpointOf(request: FastifyRequest): Endpoint | undefined {
  const given = request.routeOptions.config.endpoint;
  return given instanceof Endpoint ? given : undefined;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    endpoint?: unknown;
  }
  interface FastifyRequest {
    /** Set by the guard where the endpoint asks for a role. */
    principal: Principal | undefined;
  }
}

/** Who asks; only where the endpoint asks for a role. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === undefined) throw new Error('an open endpoint has no principal');
  return request.principal;
}

/** The text of a JSON body; bodies are text until an endpoint parses them. */
export function textBody(request: FastifyRequest): string {
  if (typeof request.body === 'string' && request.body.length > 0) return request.body;
  throw problems.notParsable('the body is empty');
}

/** The bytes of a body that is no text. */
export function binaryBody(request: FastifyRequest): Uint8Array {
  if (Buffer.isBuffer(request.body) && request.body.length > 0) return request.body;
  throw problems.notParsable('the body is empty');
}

export function parseJsonBody(request: FastifyRequest): unknown {
  const text = textBody(request);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problems.notParsable(error instanceof Error ? error.message : 'no JSON');
  }
}
