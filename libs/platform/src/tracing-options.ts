import { z } from 'zod';
import { flag, readConfig, wholeNumber } from './config';

const schema = z.object({
  OTEL_SDK_DISABLED: flag().default(false),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'otlp or none is expected').default('otlp'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url('an address is expected, as http://collector:4318').optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url('an address is expected, as http://collector:4318/v1/traces').optional(),
  /** Share of the requests without a trace of their caller's that begin one. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number('a share from 0 to 1 is expected').min(0).max(1).default(0.01),
  /** Traces that a gateway begins or takes part in, a second, whatever the share and whatever callers ask for. */
  WEIR_TRACES_PER_SECOND_MAX: wholeNumber({ min: 1, max: 10_000 }).default(50),
});

export interface TracingOptions {
  /** Where spans go by OTLP/HTTP, path included. */
  readonly url: string;
  readonly ratio: number;
  readonly tracesPerSecondMax: number;
}

/** How traces are taken, by OpenTelemetry's own variables; undefined: not at all, the default. @throws WeirError WEIR_USAGE. */
export function readTracingOptions(env: Readonly<Record<string, string | undefined>>): TracingOptions | undefined {
  const config = readConfig(schema, env);
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const url = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base === undefined ? undefined : `${base.replace(/\/+$/, '')}/v1/traces`);
  if (url === undefined || config.OTEL_SDK_DISABLED || config.OTEL_TRACES_EXPORTER === 'none') return undefined;
  return Object.freeze({ url, ratio: config.OTEL_TRACES_SAMPLER_ARG, tracesPerSecondMax: config.WEIR_TRACES_PER_SECOND_MAX });
}
