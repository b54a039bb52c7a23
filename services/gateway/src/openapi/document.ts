import { z } from 'zod';
import type { Endpoint, ResponseSpec } from '../http/endpoint';
import { problemSchema } from '../schemas/problem.schema';

type Json = Record<string, unknown>;

/** The interface as OpenAPI 3.1, written from the endpoints themselves. */
export class OpenApiDocument {
  readonly json: string;
  constructor(endpoints: readonly Endpoint[], version: string) {
    this.json = JSON.stringify(buildDocument(endpoints, version));
  }
}

export function buildDocument(endpoints: readonly Endpoint[], version: string): Json {
  const schemas = new Components();
  const paths: Record<string, Json> = {};
  for (const one of endpoints) {
    const path = one.spec.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[one.spec.method.toLowerCase()] = operation(one, schemas);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Weir', version, description: 'Real-time fraud decisions and features on the stream. Every path is also there under `/v1`. Errors are RFC 9457 problem documents with a stable `type`. Times in answers are ISO 8601 in UTC with milliseconds.' },
    servers: [{ url: '/' }, { url: '/v1' }],
    security: [{ key: [] }],
    tags: [...new Set(endpoints.map(({ spec }) => spec.tag))].sort().map((name) => ({ name })),
    paths: sortKeys(paths),
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key.' } }, schemas: sortKeys(schemas.byName) },
  };
}

function operation({ spec }: Endpoint, schemas: Components): Json {
  return {
    operationId: operationId(spec.method, spec.path), summary: spec.summary, ...(spec.description === undefined ? {} : { description: spec.description }), tags: [spec.tag],
    ...(spec.role === null ? { security: [] } : { 'x-role': spec.role }),
    parameters: [...parameters('path', spec.params, schemas), ...parameters('query', spec.query, schemas), ...headerParameters(spec.headers)],
    ...(spec.body === undefined ? {} : { requestBody: { required: spec.body.optional !== true, content: bodyContent(spec.body.types ?? ['application/json'], schemas.describe(spec.body.schema, 'input')) } }),
    responses: responses(spec, schemas),
  };
}

function operationId(method: string, path: string): string {
  const words = path.split('/').filter((part) => part !== '').map((part) => (part.startsWith(':') ? `by_${part.slice(1)}` : part)).join('_');
  return `${method.toLowerCase()}_${words.replace(/\W/g, '_')}`;
}

function parameters(place: 'path' | 'query', schema: z.ZodType | undefined, schemas: Components): Json[] {
  if (schema === undefined) return [];
  const described = schemas.describe(schema, 'input');
  const required = Array.isArray(described['required']) ? described['required'] : [];
  return Object.entries(isJson(described['properties']) ? described['properties'] : {}).map(([name, of]) => ({ name, in: place, required: place === 'path' || required.includes(name), schema: of }));
}

const headerParameters = (headers: Readonly<Record<string, string>> = {}): Json[] => Object.entries(headers).map(([name, description]) => ({ name, in: 'header', required: false, description, schema: { type: 'string' } }));

/** A line of NDJSON is an item of the array; YAML is text. */
function bodyContent(types: readonly string[], schema: Json): Json {
  return Object.fromEntries(types.map((type) => [type, { schema: type === 'application/json' ? schema : { type: 'string' } }]));
}

function responses(spec: Endpoint['spec'], schemas: Components): Json {
  const problem: ResponseSpec = { description: '', schema: problemSchema, type: 'application/problem+json' };
  const all: Record<number, ResponseSpec> = {
    ...(spec.role === null ? {} : { 401: { ...problem, description: 'No key, or an unknown one.' }, 403: { ...problem, description: `The key lacks the role ${[spec.role, ...(spec.alsoFor ?? [])].join(' or ')}.` }, 429: { ...problem, description: 'Too many requests; Retry-After says when.' } }),
    ...(spec.unlimited === true && spec.role === null ? {} : { 503: { ...problem, description: 'Not now; Retry-After says when.' } }),
    ...spec.responses,
  };
  return Object.fromEntries(Object.entries(all).map(([status, { description, schema, type }]) => [
    status, { description, ...(schema === undefined ? {} : { content: { [type ?? 'application/json']: { schema: schemas.describe(schema, 'output') } } }) },
  ]));
}

/** Schemas with an id are described once and referred to. */
class Components {
  readonly byName: Record<string, Json> = {};

  describe(schema: z.ZodType, io: 'input' | 'output'): Json {
    const described: unknown = z.toJSONSchema(z.object({ root: schema }), { io, unrepresentable: 'any', target: 'draft-2020-12', reused: 'inline' });
    const whole = this.refer(described);
    for (const [name, definition] of Object.entries(isJson(whole['$defs']) ? whole['$defs'] : {})) if (isJson(definition)) this.byName[name] = without(definition, 'id');
    const root = isJson(whole['properties']) ? whole['properties']['root'] : undefined;
    return isJson(root) ? root : {};
  }

  private refer(value: unknown): Json {
    const text = JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/');
    const parsed: unknown = JSON.parse(text);
    return isJson(parsed) ? parsed : {};
  }
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const without = (object: Json, key: string): Json => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
const sortKeys = <T>(object: Record<string, T>): Record<string, T> => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
