import { Cluster, Redis, type RedisOptions as AnyRedisOptions } from 'ioredis';

/** How to reach Redis: one of a server's address, Sentinels, or nodes of a cluster. */
export interface RedisConnection {
  /** `redis://` or `rediss://` (TLS), with user and password where access lists are used. */
  readonly url?: string;
  /** Nodes of a Redis Cluster, as URLs. User, password and TLS of the first one hold for all. */
  readonly cluster?: readonly string[];
  readonly sentinels?: { readonly name: string; readonly nodes: ReadonlyArray<{ readonly host: string; readonly port: number }>; readonly username?: string; readonly password?: string };
  readonly username?: string;
  readonly password?: string;
  /** Certificates; `{}` for TLS with the system's. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string };
  /** ms until a connection that does not come up is given up. */
  readonly connectTimeoutMs?: number;
  /** ms until a command without an answer fails. */
  readonly commandTimeoutMs?: number;
  /** How often a command is sent again on a new connection before it fails. */
  readonly retriesMax?: number;
}

type RedisOptions = Omit<AnyRedisOptions, 'replyMapping'>;
export type RedisClient = Redis | Cluster;

const reconnectDelayMsMax = 2_000;

/** A client that connects at the first command. Errors of the connection are those of the commands; the client itself keeps trying. */
export function connectRedis(connection: RedisConnection, overrides: RedisOptions = {}): RedisClient {
  const options: RedisOptions = {
    lazyConnect: true,
    connectTimeout: connection.connectTimeoutMs ?? 5_000,
    commandTimeout: connection.commandTimeoutMs ?? 10_000,
    maxRetriesPerRequest: connection.retriesMax ?? 2,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, reconnectDelayMsMax),
    ...(connection.username === undefined ? {} : { username: connection.username }),
    ...(connection.password === undefined ? {} : { password: connection.password }),
    ...(connection.tls === undefined ? {} : { tls: { ...connection.tls } }),
    ...overrides,
  };
  const client = open(connection, options);
  // Without a listener ioredis prints every failed attempt; the commands that wait fail with it.
  client.on('error', () => undefined);
  return client;
}

function open(connection: RedisConnection, options: RedisOptions): RedisClient {
  if (connection.cluster !== undefined) {
    const [first] = connection.cluster;
    return new Cluster(connection.cluster.map((url) => { const { hostname, port } = new URL(url); return { host: hostname, port: Number(port || 6379) }; }), {
      lazyConnect: true, redisOptions: { ...authOf(first), ...options }, slotsRefreshTimeout: options.connectTimeout ?? 5_000,
      clusterRetryStrategy: (attempt) => Math.min(50 * 2 ** attempt, reconnectDelayMsMax),
    });
  }
  if (connection.sentinels !== undefined) {
    const { name, nodes, username, password } = connection.sentinels;
    return new Redis({
      ...options, name, sentinels: nodes.map((node) => ({ ...node })),
      ...(username === undefined ? {} : { sentinelUsername: username }), ...(password === undefined ? {} : { sentinelPassword: password }),
    });
  }
  return new Redis(connection.url ?? 'redis://127.0.0.1:6379', options);
}

function authOf(url: string | undefined): RedisOptions {
  if (url === undefined) return {};
  const { username, password, protocol } = new URL(url);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }), ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
