import { version } from '@weir/gateway';
import { openTracing, readTracingOptions, type Logger, type Tracing } from '@weir/platform';
import { hostname } from 'node:os';

/** Traces of a process as its environment asks for them; undefined: none. @throws WeirError WEIR_USAGE. */
export async function tracingOf(service: string, { env, logger, instance }: { readonly env: NodeJS.ProcessEnv; readonly logger: Logger; readonly instance?: string }): Promise<Tracing | undefined> {
  const options = readTracingOptions(env);
  return options && openTracing(options, { name: service, instance: instance ?? `${hostname()}-${process.pid}`, version }, logger);
}
