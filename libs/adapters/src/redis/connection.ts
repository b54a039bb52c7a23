import { Cluster, Redis, SentinelConnector, type RedisOptions as AnyRedisOptions, type SentinelConnectionOptions, type StandaloneConnectionOptions } from 'ioredis';
import StandaloneConnector from 'ioredis/built/connectors/StandaloneConnector';

/** How to reach Redis: one of a server's address, Sentinels, or nodes of a cluster. */
export interface RedisConnection {
  /** `redis://` or `rediss://` (TLS), with user and password where access lists are used. */
  readonly url?: string;
  /** Nodes of a Redis Cluster, as URLs. User, password and TLS of the first one hold for all. */
  readonly cluster?: readonly string[];
  readonly sentinels?: { readonly name: string; readonly nodes: ReadonlyArray<{ readonly host: string; readonly port: number }>; readonly username?: string; readonly password?: string };
  readonly username?: string;
  readonly password?: string;
  /** Certificates; `{}` for TLS with the system's. With Sentinels they are spoken to by it as well. */
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

/**
 * `ioredis` listens for one error of a socket. A TLS handshake that is cut off, because the client is closed meanwhile, may give two, the second of them the
 * server's alert; unheard it would end the process.
 */
class AttentiveConnector extends StandaloneConnector {
  constructor(options: unknown) {
    super(options as StandaloneConnectionOptions); // as the client has parsed them
  }

  override async connect(tell: Parameters<StandaloneConnector['connect']>[0]): ReturnType<StandaloneConnector['connect']> {
    const stream = await super.connect(tell);
    return stream.on('error', () => undefined);
  }
}

class AttentiveSentinelConnector extends SentinelConnector {
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions); // as the client has parsed them
  }

  override async connect(tell: Parameters<SentinelConnector['connect']>[0]): ReturnType<SentinelConnector['connect']> {
    const stream = await super.connect(tell);
    return stream.on('error', () => undefined);
  }
}

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
    Connector: connection.sentinels === undefined ? AttentiveConnector : AttentiveSentinelConnector,
    ...overrides,
  };
  const client = open(connection, options);
  // Without a listener ioredis prints every failed attempt; the commands that wait fail with it, or with no more than that the connection is closed.
  const note = (error: unknown): void => { troubleByClient.set(client, messageOf(error)); };
  client.on('error', note);
  client.on('node error', note);
  client.on('ready', () => troubleByClient.delete(client));
  return client;
}

const troubleByClient = new WeakMap<RedisClient, string>();
const messageOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error));

/** What went wrong, with the reason where the error itself does not say it: why there is no connection, or which command of a transaction was refused. */
export function explained(error: unknown, client: RedisClient): string {
  const message = messageOf(error), previous: unknown = typeof error === 'object' && error !== null && 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors[0] : undefined;
  const reason = previous === undefined ? troubleByClient.get(client) : messageOf(previous);
  return reason === undefined || message.includes(reason) ? message : `${message} (${reason})`;
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
    const { name, nodes, username, password } = connection.sentinels, { tls } = connection;
    return new Redis({
      ...options, name, sentinels: nodes.map((node) => ({ ...node })),
      ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: { ...tls } }),
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
