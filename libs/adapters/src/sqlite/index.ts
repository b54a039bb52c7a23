import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Dialect, type Kysely } from 'kysely';
import { openSqlDatabase, sqliteDialect, type Tables } from '../sql/index';
import { SqliteDriver } from './sqlite-driver';

/**
 * A SQLite file (or `:memory:`) with all migrations applied; WAL, and synced at every commit, for an acknowledged change must survive the
 * machine. In a thread of its own. One process at a time.
 */
export function openSqlite(path: string): Promise<Kysely<Tables>> {
  const dialect: Dialect = {
    createDriver: () => new SqliteDriver(path), createAdapter: () => new SqliteAdapter(), createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  };
  return openSqlDatabase(dialect, sqliteDialect);
}
export { copyDatabase } from './copy-database';
