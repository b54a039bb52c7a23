import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { InjectOptions } from 'fastify';
import { readGatewayOptions, type GatewayOptions } from '../src/gateway.config';
import { GatewayServer } from '../src/gateway-server';
import { endpoints } from '../src/endpoints';
import { InMemorySuite } from './in-memory-suite';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body, parsed. */
  readonly json: Record<string, unknown>;
}

/** A gateway over a suite in memory, without a socket. Every answer is checked against what its endpoint declares. */
export class GatewayFixture {
  readonly suite = new InMemorySuite();
  readonly key = this.suite.addKey('admin-key', ['admin']);
  readonly server: GatewayServer;
  private app: NestFastifyApplication | undefined;

  constructor(options: Partial<GatewayOptions> = {}) {
    this.server = new GatewayServer(this.suite.dependencies, { ...readGatewayOptions({}), ...options });
  }

  async open(): Promise<this> {
    this.app = await this.server.build();
    return this;
  }
  async close(): Promise<void> {
    await this.app?.close();
  }

  /** `body` is sent as JSON unless it is text already. */
  async ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD', url: string, options: { body?: unknown; type?: string; headers?: Record<string, string>; key?: string | null } = {}): Promise<Answer> {
    const { key = this.key, type = 'application/json', body } = options;
    const request: InjectOptions = {
      method, url,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...(body === undefined ? {} : { 'content-type': type }), ...options.headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    };
    if (this.app === undefined) throw new Error('open the fixture first');
    const response = await this.app.inject(request);
    const isJson = String(response.headers['content-type'] ?? '').includes('json') && !String(response.headers['content-type']).includes('ndjson');
    const json: unknown = isJson && response.payload !== '' ? JSON.parse(response.payload) : {};
    if (isJson) checkDeclared(method, url, response.statusCode, json);
    return { status: response.statusCode, headers: response.headers, text: response.payload, json: json as Record<string, unknown> };
  }
}

/** @throws ZodError when an answer is not what the endpoint (and so the OpenAPI document) says. */
function checkDeclared(method: string, url: string, status: number, json: unknown): void {
  const path = (url.split('?', 1)[0] ?? '').replace(/^\/v1/, '');
  const candidates = endpoints.filter(({ spec }) => spec.method === method && new RegExp(`^${spec.path.replace(/:\w+/g, '[^/]+').replaceAll('.', '\\.')}$`).test(path));
  const exact = candidates.sort((a, b) => a.spec.path.split(':').length - b.spec.path.split(':').length)[0];
  const declared = exact?.spec.responses[status];
  declared?.schema?.parse(json);
  if (exact !== undefined && declared === undefined && ![400, 401, 403, 429, 500, 503].includes(status)) throw new Error(`${method} ${exact.spec.path} answers ${status} and does not say so`);
}
