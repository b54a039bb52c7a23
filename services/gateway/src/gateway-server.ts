import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpApp, type Resource } from '@weir/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { docsStartScript } from './controllers/docs.controller';
import type { GatewayDependencies } from './dependencies';
import { allowedMethods, endpoints } from './endpoints';
import { GatewayContext } from './gateway-context';
import { countRows, watchRequests } from './gateway-metrics';
import type { GatewayOptions } from './gateway.config';
import { GatewayModule } from './gateway.module';
import { GrpcServer } from './grpc/grpc-server';
import { addBodyParsers } from './http/body-parsers';
import { endpointOf, Endpoint } from './http/endpoint';
import { KeyRing } from './http/key-ring';
import { ProblemFilter, sendProblem } from './http/problem-filter';
import { problemOf, problems } from './http/problem';
import { RequestGuard } from './http/request-guard';
import { beginTrace, endTrace } from './http/request-traces';
import { serveConsole, serveDocsAssets } from './http/static-files';
import { UnusedConnections } from './http/unused-connections';
import { LiveFeed } from './live/live-feed';
import { OpenApiDocument } from './openapi/document';
import { version } from './version';

/** Longest id or key in a path, after decoding. */
const pathPartCharactersMax = 2_048;
/** How often a gateway that ends looks whether anybody is still connected. */
const drainLookMs = 50;

/** The public side of Weir, HTTP and gRPC, as a resource: `start` listens, `stop` lets requests under way finish. */
export class GatewayServer implements Resource {
  readonly name = 'gateway';
  readonly context: GatewayContext;
  private readonly guard: RequestGuard;
  private app: NestFastifyApplication | undefined;
  private grpc: GrpcServer | undefined;
  private draining = false;
  private readonly unused = new UnusedConnections();

  constructor(deps: GatewayDependencies, private readonly options: GatewayOptions) {
    const keyRing = new KeyRing(deps.keys);
    const counted = { ...deps, edge: countRows(deps.edge, deps.metrics) };
    const liveFeed = new LiveFeed({ live: deps.live, clock: deps.clock, health: deps.health, clientsMax: options.streamClientsMax });
    this.context = new GatewayContext(counted, options, keyRing, liveFeed);
    this.guard = new RequestGuard(keyRing, deps.clock, options);
  }

  /** The address it listens at; only after `start`. */
  get url(): string {
    const address = this.application.getHttpServer().address() as AddressInfo | null; // a TCP server's address, never a pipe's
    if (address === null) throw new Error('the gateway is not listening');
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : host}:${address.port}`;
  }

  /** `host:port` of gRPC; undefined where it is not served. Only after `start`. */
  get grpcTarget(): string | undefined { return this.grpc?.target; }

  async start(): Promise<void> {
    await this.build();
    this.unused.watch(this.application.getHttpServer());
    this.context.liveFeed.start();
    await this.application.listen(this.options.port, this.options.host);
    if (this.options.grpcPort === undefined) return;
    this.grpc = new GrpcServer(this.context, this.guard);
    await this.grpc.start(this.options.grpcPort);
  }

  async stop(): Promise<void> {
    this.context.liveFeed.stop();
    await this.drain();
    this.unused.end();
    await Promise.all([this.grpc?.stop(), this.app?.close()]);
  }

  /** Answers, and has callers leave with their answer, until no connection is left or the time is over: what is idle then may be closed under nobody's request. */
  private async drain(): Promise<void> {
    if (this.options.drainMs === 0 || this.app === undefined) return;
    this.draining = true;
    const server = this.application.getHttpServer(), untilMs = performance.now() + this.options.drainMs;
    while (performance.now() < untilMs && (await connectionsOf(server)) > 0) await sleep(Math.min(drainLookMs, this.options.drainMs));
  }

  /** Everything but listening; for tests that inject requests. */
  async build(): Promise<NestFastifyApplication> {
    const { deps } = this.context;
    this.app = await createHttpApp({
      module: GatewayModule.register({ context: this.context, document: new OpenApiDocument(endpoints, version) }),
      logger: deps.logger,
      fastify: {
        bodyLimit: this.options.bodyBytesMax, trustProxy: this.options.trustProxy, requestTimeout: 60_000, keepAliveTimeout: 75_000, forceCloseConnections: 'idle', return503OnClosing: false,
        frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOf(error) ?? problems.notParsable('the path cannot be read')),
        routerOptions: { maxParamLength: pathPartCharactersMax, ignoreTrailingSlash: true },
      },
      prepare: (app) => this.prepare(app),
    });
    return this.app;
  }

  private get application(): NestFastifyApplication {
    if (this.app === undefined) throw new Error('the gateway is not started');
    return this.app;
  }

  private prepare(app: NestFastifyApplication): void {
    const instance = app.getHttpAdapter().getInstance();
    addBodyParsers(instance);
    instance.decorateRequest('principal', undefined);
    instance.addHook('onRoute', (route) => {
      const given = route.config?.endpoint;
      if (given instanceof Endpoint && (given.spec.batch ?? given.spec.largeBody) === true) route.bodyLimit = this.options.batchBytesMax;
      if (given instanceof Endpoint && given.spec.bodyBytesMax !== undefined) route.bodyLimit = given.spec.bodyBytesMax;
    });
    instance.addHook('onRequest', this.guard.onRequest);
    instance.decorateRequest('span', undefined);
    instance.decorateRequest('traceparent', undefined);
    const { tracing } = this.context.deps;
    if (tracing !== undefined) {
      instance.addHook('onRequest', beginTrace(tracing));
      instance.addHook('onResponse', endTrace);
    }
    instance.addHook('onSend', (request, reply, _payload, done) => {
      void reply.header('x-content-type-options', 'nosniff');
      if (this.draining) void reply.header('connection', 'close');
      if (endpointOf(request) !== undefined && !reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
      done();
    });
    instance.addHook('onResponse', watchRequests(this.context.deps.metrics, { guard: this.guard, liveFeed: this.context.liveFeed }));
    app.useGlobalFilters(new ProblemFilter(this.context.deps.logger, allowedMethods));
    serveDocsAssets(instance, docsStartScript);
    if (this.options.consoleDir !== undefined) serveConsole(instance, this.options.consoleDir);
  }
}

const connectionsOf = (server: Server): Promise<number> => new Promise((resolve) => { server.getConnections((error, count) => { resolve(error === null ? count : 0); }); });
