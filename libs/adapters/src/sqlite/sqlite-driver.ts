import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';
import { SqliteThread } from './sqlite-thread';

/** What SQLite refused, with its code. */
class SqliteRefusal extends Error {
  constructor(message: string, readonly code: string | undefined) { super(message); }
}

/** Kysely's way to a `SqliteThread`: one connection. Kysely lends it to one caller at a time, for the adapter of SQLite asks for that. */
export class SqliteDriver implements Driver {
  #connection: SqliteConnection | undefined;

  constructor(private readonly path: string) {}

  init(): Promise<void> {
    this.#connection = new SqliteConnection(new SqliteThread(this.path));
    return Promise.resolve();
  }

  acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection === undefined ? Promise.reject(new Error('the database is not open')) : Promise.resolve(this.#connection);
  }

  releaseConnection(): Promise<void> { return Promise.resolve(); }
  async beginTransaction(connection: DatabaseConnection): Promise<void> { await connection.executeQuery(CompiledQuery.raw('begin')); }
  async commitTransaction(connection: DatabaseConnection): Promise<void> { await connection.executeQuery(CompiledQuery.raw('commit')); }
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> { await connection.executeQuery(CompiledQuery.raw('rollback')); }
  async destroy(): Promise<void> { await this.#connection?.thread.close(); }
}

class SqliteConnection implements DatabaseConnection {
  constructor(readonly thread: SqliteThread) {}

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const answer = await this.thread.run({ sql, parameters });
    if ('error' in answer) throw new SqliteRefusal(answer.error, answer.code);
    return 'rows' in answer ? { rows: answer.rows as R[] } : { rows: [], numAffectedRows: answer.changes, insertId: answer.insertId };
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> { throw await Promise.resolve(new Error('rows of SQLite are not streamed')); }
}
