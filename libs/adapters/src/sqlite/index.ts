import Sqlite from 'better-sqlite3';
import { SqliteDialect, type Kysely } from 'kysely';
import { openSqlDatabase, sqliteDialect, type Tables } from '../sql/index';

/**
 * A SQLite file (or `:memory:`) with all migrations applied; WAL, and synced at every commit, for an acknowledged change must survive the
 * machine. One process at a time.
 */
export function openSqlite(path: string): Promise<Kysely<Tables>> {
  const file = new Sqlite(path);
  file.pragma('journal_mode = WAL');
  file.pragma('synchronous = FULL');
  file.pragma('foreign_keys = ON');
  return openSqlDatabase(new SqliteDialect({ database: file }), sqliteDialect);
}
