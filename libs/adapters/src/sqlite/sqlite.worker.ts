/** The thread of `SqliteThread`: holds the file and runs one statement after the other. Runs as it stands, so it imports no neighbour. */
import Sqlite from 'better-sqlite3';
import { parentPort, workerData } from 'node:worker_threads';
import type { SqliteAnswer, SqliteOrder } from './sqlite-thread';

/** Statements kept prepared. */
const statementsMax = 500;

const file = new Sqlite(String(workerData));
file.pragma('journal_mode = WAL');
file.pragma('synchronous = FULL');
file.pragma('foreign_keys = ON');
const statements = new Map<string, Sqlite.Statement>();

function prepared(sql: string): Sqlite.Statement {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  if (statements.size >= statementsMax) statements.clear();
  const made = file.prepare(sql);
  statements.set(sql, made);
  return made;
}

function run({ sql, parameters }: SqliteOrder): SqliteAnswer {
  try {
    const statement = prepared(sql);
    if (statement.reader) return { rows: statement.all(parameters) };
    const { changes, lastInsertRowid } = statement.run(parameters);
    return { changes: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), code: error instanceof Sqlite.SqliteError ? error.code : undefined };
  }
}

parentPort?.on('message', (order: SqliteOrder | 'close') => {
  if (order !== 'close') return parentPort?.postMessage(run(order));
  file.close();
  parentPort?.close();
});
