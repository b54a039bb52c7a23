import { OrderedThread, startWorker } from '../threads';

export interface SqliteOrder { readonly sql: string; readonly parameters: readonly unknown[] }
/** In the order of the orders: rows of a reading statement, what a writing one did, or why it failed. */
export type SqliteAnswer =
  | { readonly rows: readonly unknown[] }
  | { readonly changes: bigint; readonly insertId: bigint }
  | { readonly error: string; readonly code: string | undefined };

/** A SQLite file in a thread of its own: a commit waits for the disk, and whoever decides must not. */
export class SqliteThread {
  readonly #thread: OrderedThread<SqliteOrder | 'close', SqliteAnswer>;

  constructor(path: string) {
    this.#thread = new OrderedThread(startWorker(__dirname, 'sqlite.worker', { workerData: path }), 'the thread of the database');
  }

  run(order: SqliteOrder): Promise<SqliteAnswer> { return this.#thread.ask(order); }

  /** What was asked for before is done first. */
  close(): Promise<void> { return this.#thread.end('close'); }
}
