import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { readGatewayOptions } from '@weir/gateway';
import { createLogger, runProcess, type Resource } from '@weir/platform';
import { repositoryRoot } from '../folders';
import { GatewayService } from '../services/gateway-service';
import { readServiceConfig, serviceNames, type ServiceName } from '../services/service-config';
import { StageService } from '../services/stage-service';
import { firstKey } from '../suite/first-key';

/** Behind a balancer: its callers have another gateway to go to. */
const drainMs = '2000';

/** One service alone, as a container runs it: everything is taken from the environment. */
export function registerService(program: Command): void {
  program.command('service').description('one service alone, on Kafka, Redis and PostgreSQL; configured by WEIR_… in the environment (docs/operating/services.md)')
    .addArgument(new Argument('<name>').choices(serviceNames)).option('--json', 'says that it is ready as one JSON line')
    .action(async (name: ServiceName, flags: { readonly json?: boolean }) => {
      const config = readServiceConfig(process.env), level = process.env['WEIR_LOG_LEVEL'];
      const logger = createLogger({ service: name, level: level === 'debug' || level === 'warn' || level === 'error' || level === 'silent' ? level : 'info' });
      const ready = (answer: Readonly<Record<string, unknown>>): void => { if (flags.json) process.stdout.write(`${JSON.stringify({ ready: true, service: name, ...answer })}\n`); else logger.info(answer, 'ready'); };
      const frame = (resources: readonly Resource[], onReady: () => void): Promise<void> => runProcess({ resources, logger, onReady });
      if (name !== 'gateway') {
        const service = new StageService(name, config, logger);
        return frame(service.resources, () => ready({ port: service.port }));
      }
      const gateway = { ...readGatewayOptions({ GATEWAY_DRAIN_MS: drainMs, ...process.env }), consoleDir: process.env['GATEWAY_CONSOLE_DIR'] ?? join(repositoryRoot(), 'dist', 'console') };
      const service = new GatewayService({ config, gateway, logger, env: process.env });
      let key: { readonly key: string | undefined; readonly made: boolean } = { key: undefined, made: false };
      const first: Resource = { name: 'first key', start: async () => { key = await firstKey(service.registry); }, stop: () => undefined };
      return frame([...service.resources, first], () => ready({ url: service.server.url, grpc: service.server.grpcTarget ?? null, ...(key.made ? { api_key: key.key } : {}) }));
    });
}
