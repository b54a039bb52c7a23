import { hostname } from 'node:os';
import { portNumber, readConfig, wholeNumber, type Config } from '@weir/platform';
import { z } from 'zod';

export const stageNames = ['ingest', 'feature-store', 'cep', 'scoring'] as const;
export type StageName = (typeof stageNames)[number];
export const serviceNames = [...stageNames, 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

const schema = z.object({
  /** `host:port` of some brokers, separated by commas. */
  WEIR_KAFKA_BROKERS: z.string('the brokers as host:port, … are expected'),
  WEIR_LANES: wholeNumber({ min: 1, max: 64 }).default(1),
  WEIR_REDIS_URL: z.string('the URL of a Redis is expected'),
  WEIR_POSTGRES_URL: z.string('the URL of a PostgreSQL is expected').optional(),
  /** First part of every topic, key and group: deployments that share servers have different ones. */
  WEIR_PREFIX: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'letters, digits, _ and - are expected').default('weir'),
  /** Folder of model files and keys, the same for all services; the gateway keeps its decisions there. */
  WEIR_DATA: z.string().default('.weir/services'),
  /** Folder of this gateway alone, for the decisions it serves; without it one below `WEIR_DATA`. */
  WEIR_OWN_DATA: z.string().optional(),
  /** Name of this process that outlives a restart: back in time, it has its lanes again and nobody else is disturbed. */
  WEIR_INSTANCE_ID: z.string().optional(),
  /** After so long without a sign of life the lanes of a process go to others, ms. */
  WEIR_SESSION_MS: wholeNumber({ min: 1_000, max: 300_000 }).default(6_000),
  /** State is published at least so often while records come, ms; so fresh is what other lanes and readers see. */
  WEIR_CHECKPOINT_MS: wholeNumber({ min: 10, max: 60_000 }).default(500),
  /** Longest wait of scoring for a model's answer to a batch; then its decisions are taken without it, degraded. 0 waits for ever. */
  WEIR_MODEL_BUDGET_MS: wholeNumber({ min: 0, max: 60_000 }).default(500),
  /** Of health and metrics, of every service but the gateway. */
  WEIR_HTTP_PORT: portNumber().default(8080),
  WEIR_HTTP_HOST: z.string().default('0.0.0.0'),
});

export interface ServiceConfig {
  readonly brokers: readonly string[]; readonly lanes: number; readonly redisUrl: string; readonly postgresUrl: string | undefined; readonly prefix: string; readonly dataDir: string; readonly ownDataDir: string | undefined;
  readonly instanceId: string | undefined; readonly instance: string; readonly sessionMs: number; readonly checkpointMs: number; readonly httpPort: number; readonly httpHost: string;
  /** null: for ever. */
  readonly modelBudgetMs: number | null;
}

/** A service's configuration from the environment. @throws WeirError WEIR_USAGE. */
export function readServiceConfig(env: Readonly<Record<string, string | undefined>>): ServiceConfig {
  const config: Config<typeof schema> = readConfig(schema, env);
  return Object.freeze({
    brokers: config.WEIR_KAFKA_BROKERS.split(',').map((broker) => broker.trim()), lanes: config.WEIR_LANES, redisUrl: config.WEIR_REDIS_URL, postgresUrl: config.WEIR_POSTGRES_URL, prefix: config.WEIR_PREFIX,
    dataDir: config.WEIR_DATA, ownDataDir: config.WEIR_OWN_DATA, instanceId: config.WEIR_INSTANCE_ID, instance: config.WEIR_INSTANCE_ID ?? hostname(), sessionMs: config.WEIR_SESSION_MS, checkpointMs: config.WEIR_CHECKPOINT_MS,
    httpPort: config.WEIR_HTTP_PORT, httpHost: config.WEIR_HTTP_HOST, modelBudgetMs: config.WEIR_MODEL_BUDGET_MS === 0 ? null : config.WEIR_MODEL_BUDGET_MS,
  });
}
