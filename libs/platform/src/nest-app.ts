import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyServerOptions } from 'fastify';
import type { Logger } from './logger';

export interface HttpAppOptions {
  readonly module: DynamicModule;
  readonly logger: Logger;
  readonly fastify?: FastifyServerOptions;
  /** Hooks, parsers, plain routes; before Nest lays out its own. */
  readonly prepare?: (app: NestFastifyApplication) => Promise<void> | void;
}

/**
 * One Nest application on Fastify, initialised and not listening. Body parsers are the module's own; Nest's life-cycle hooks and signal
 * handlers are not used, for the order of start and stop is `Lifecycle`'s.
 */
export async function createHttpApp(options: HttpAppOptions): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ logger: false, ...options.fastify });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    bodyParser: false, abortOnError: false, logger: new NestLogger(options.logger),
  });
  await options.prepare?.(app);
  await app.init();
  await adapter.getInstance().ready();
  return app;
}

/** Nest's own words in our form; its messages of routine are for debugging. */
class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log(message: unknown): void { this.logger.debug({ from: 'nest' }, String(message)); }
  verbose(message: unknown): void { this.logger.debug({ from: 'nest' }, String(message)); }
  debug(message: unknown): void { this.logger.debug({ from: 'nest' }, String(message)); }
  warn(message: unknown): void { this.logger.warn({ from: 'nest' }, String(message)); }
  error(message: unknown, stack?: unknown): void { this.logger.error({ from: 'nest', stack }, String(message)); }
  fatal(message: unknown): void { this.logger.fatal({ from: 'nest' }, String(message)); }
}
