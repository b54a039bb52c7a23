import { Controller, Get, Headers, Module, Res, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { AddressInfo } from 'node:net';
import { Health } from './health';
import type { Resource } from './lifecycle';
import type { Logger } from './logger';
import { Metrics } from './metrics';
import { createHttpApp } from './nest-app';

@Controller()
class HealthController {
  constructor(private readonly health: Health, private readonly metrics: Metrics) {}

  @Get('healthz')
  live(): unknown { return this.health.live(); }

  @Get('readyz')
  ready(@Res() reply: FastifyReply): void {
    const report = this.health.ready();
    void reply.code(report.status === 'ok' ? 200 : 503).header('cache-control', 'no-store').send(report);
  }

  @Get('metrics')
  async text(@Headers('accept') accept: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    const { body, contentType } = await this.metrics.text(accept);
    void reply.type(contentType).send(body);
  }
}

@Module({})
class HealthModule {
  static register({ health, metrics }: { readonly health: Health; readonly metrics: Metrics }): DynamicModule {
    return { module: HealthModule, controllers: [HealthController], providers: [{ provide: Health, useValue: health }, { provide: Metrics, useValue: metrics }] };
  }
}

export interface HealthServerOptions { readonly health: Health; readonly metrics: Metrics; readonly logger: Logger; readonly host: string; readonly port: number }

/** `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else. */
export class HealthServer implements Resource {
  readonly name = 'health';
  private app: NestFastifyApplication | undefined;

  constructor(private readonly options: HealthServerOptions) {}

  /** Where it listens; only after `start`. */
  get port(): number { return (this.app?.getHttpServer().address() as AddressInfo).port; } // a TCP server's address

  async start(): Promise<void> {
    this.app = await createHttpApp({ module: HealthModule.register(this.options), logger: this.options.logger, fastify: { forceCloseConnections: true } });
    await this.app.listen(this.options.port, this.options.host);
  }

  async stop(): Promise<void> { await this.app?.close(); }
}
