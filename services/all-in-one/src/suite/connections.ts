import { readFileSync } from 'node:fs';
import type { KafkaOptions } from '@weir/adapters/kafka';
import type { RedisConnection } from '@weir/adapters/redis';
import { WeirError } from '@weir/contracts';
import { readConfig, wholeNumber } from '@weir/platform';
import { z } from 'zod';

const schema = z.object({
  /** First part of every topic and key: deployments that share servers have different ones. */
  WEIR_PREFIX: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'letters, digits, _ and - are expected').default('weir'),
  WEIR_KAFKA_TLS: z.enum(['true', 'false']).default('false'),
  /** Files in PEM: authorities besides the system's; a certificate of ours and its key, where the server wants one. The first alone turns TLS on. */
  WEIR_KAFKA_CA: z.string().optional(), WEIR_KAFKA_CERT: z.string().optional(), WEIR_KAFKA_KEY: z.string().optional(),
  WEIR_KAFKA_USERNAME: z.string().optional(), WEIR_KAFKA_PASSWORD: z.string().optional(),
  WEIR_KAFKA_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'),
  /** Of topics that are made: copies, and how many must have a record before it counts. */
  WEIR_KAFKA_REPLICATION: wholeNumber({ min: 1, max: 9 }).default(1), WEIR_KAFKA_IN_SYNC_MIN: wholeNumber({ min: 1, max: 9 }).default(1),
  WEIR_REDIS_CA: z.string().optional(),
});

/** The first part of every topic and key. */
export const prefixOf = (env: NodeJS.ProcessEnv = process.env): string => readConfig(schema, env).WEIR_PREFIX;

/** How Kafka is reached: the brokers, and from the environment TLS, password and copies. @throws WeirError WEIR_USAGE. */
export function kafkaOptionsOf(brokers: readonly string[], lanes: number, env: NodeJS.ProcessEnv = process.env): KafkaOptions {
  const config = readConfig(schema, env);
  const { WEIR_KAFKA_CA: ca, WEIR_KAFKA_CERT: cert, WEIR_KAFKA_KEY: key, WEIR_KAFKA_USERNAME: username, WEIR_KAFKA_PASSWORD: password } = config;
  const tls = config.WEIR_KAFKA_TLS === 'true' || ca !== undefined;
  return {
    brokers, lanes, prefix: `${config.WEIR_PREFIX}.`, replicationFactor: config.WEIR_KAFKA_REPLICATION, inSyncReplicasMin: config.WEIR_KAFKA_IN_SYNC_MIN,
    ...(tls ? { tls: { ...fileOf('WEIR_KAFKA_CA', 'ca', ca), ...fileOf('WEIR_KAFKA_CERT', 'cert', cert), ...fileOf('WEIR_KAFKA_KEY', 'key', key) } } : {}),
    ...(username === undefined ? {} : { sasl: { mechanism: config.WEIR_KAFKA_MECHANISM, username, password: password ?? '' } }),
  };
}

/**
 * How Redis is reached: `redis://` or `rediss://` (TLS) of a server; several, separated by commas, of a cluster; `redis+sentinel://user:password@host:port,host:port/NAME`
 * (`rediss+sentinel://` for TLS, to Sentinels and servers) of Sentinels and the name of what they watch. @throws WeirError WEIR_USAGE.
 */
export function redisConnectionOf(address: string, env: NodeJS.ProcessEnv = process.env): RedisConnection {
  const { WEIR_REDIS_CA: ca } = readConfig(schema, env);
  const tls = ca === undefined ? {} : { tls: fileOf('WEIR_REDIS_CA', 'ca', ca) };
  const sentinel = /^redis(s?)\+sentinel:\/\/(?:([^:@/]*):([^@/]*)@)?([^/]+)\/([^/?]+)$/.exec(address);
  if (sentinel !== null) {
    const [, secure, username, password, nodes = '', name = ''] = sentinel;
    return {
      ...(secure === '' ? {} : { tls: {} }), ...tls, sentinels: { name, nodes: nodes.split(',').map((node) => { const [host = '', port = '26379'] = node.split(':'); return { host, port: Number(port) }; }) },
      ...(username === undefined || username === '' ? {} : { username: decodeURIComponent(username) }), ...(password === undefined ? {} : { password: decodeURIComponent(password) }),
    };
  }
  const urls = address.split(',').map((each) => each.trim());
  for (const url of urls) if (!/^rediss?:\/\/[^/]/.test(url)) throw new WeirError('WEIR_USAGE', `--redis: redis://, rediss://, redis+sentinel:// or rediss+sentinel:// is expected, got ${url.replace(/\/\/.*@/, '//…@')}`);
  return urls.length > 1 ? { ...tls, cluster: urls } : { ...tls, url: address };
}

function fileOf<Name extends string>(variable: string, name: Name, path: string | undefined): { readonly [each in Name]?: string } {
  if (path === undefined) return {};
  try {
    return { [name]: readFileSync(path, 'utf8') } as { readonly [each in Name]: string }; // the name that was given
  } catch (cause) {
    throw new WeirError('WEIR_USAGE', `${variable}: ${path} can't be read`, { cause });
  }
}
