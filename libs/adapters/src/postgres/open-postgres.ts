import { Socket } from 'node:net';
import { PostgresDialect, type Kysely } from 'kysely';
import { Pool, TypeOverrides } from 'pg';
import { WeirError } from '@weir/contracts';
import { openSqlDatabase, postgresDialect, type Tables } from '../sql';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with `?sslmode=…` where TLS is wanted. */
  readonly url: string;
  readonly connectionsMax?: number;
  /** ms until a connection that does not come up is given up. */
  readonly connectTimeoutMs?: number;
  /** ms until the server ends a statement. */
  readonly statementTimeoutMs?: number;
}

const int8 = 20;
/** A server that ends statements itself and says nothing so long after is gone, and so is the connection. */
const silenceMs = 1_000;

/**
 * A PostgreSQL database with all migrations applied; several processes may share it, and the first to come migrates.
 * @throws WeirError WEIR_REGISTRY_FAILED, retriable, when it can't be reached.
 */
export async function openPostgres(options: string | PostgresOptions): Promise<Kysely<Tables>> {
  const { url, connectionsMax, connectTimeoutMs, statementTimeoutMs } = typeof options === 'string' ? { url: options } satisfies PostgresOptions as PostgresOptions : options;
  const types = new TypeOverrides();
  // Times and offsets are below 2^53: a number, as SQLite gives it.
  types.setTypeParser(int8, (text) => Number(text));
  const statementMs = statementTimeoutMs ?? 30_000;
  const pool = new Pool({
    connectionString: url, types, max: connectionsMax ?? 10, connectionTimeoutMillis: connectTimeoutMs ?? 5_000, statement_timeout: statementMs, application_name: 'weir', stream: () => attentiveSocket(statementMs + silenceMs),
  });
  // A connection that breaks while nobody uses it is replaced by the pool; the next query says if none can be had. One that breaks in use fails its query.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    (await pool.connect()).release();
  } catch (cause) {
    await pool.end();
    throw new WeirError('WEIR_REGISTRY_FAILED', `PostgreSQL can't be reached: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, retriable: true });
  }
  return openSqlDatabase(new PostgresDialect({ pool }), postgresDialect);
}

function attentiveSocket(quietMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(quietMs, () => socket.destroy(new Error(`PostgreSQL has said nothing for ${quietMs} ms`)));
  return socket;
}
