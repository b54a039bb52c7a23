import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface SqliteOrder { readonly sql: string; readonly parameters: readonly unknown[] }
/** In the order of the orders: rows of a reading statement, what a writing one did, or why it failed. */
export type SqliteAnswer =
  | { readonly rows: readonly unknown[] }
  | { readonly changes: bigint; readonly insertId: bigint }
  | { readonly error: string; readonly code: string | undefined };

interface Waiting { readonly resolve: (answer: SqliteAnswer) => void; readonly reject: (cause: unknown) => void }

/** A SQLite file in a thread of its own: a commit waits for the disk, and whoever decides must not. */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  readonly #ended: Promise<void>;
  #gone: Error | undefined;

  constructor(path: string) {
    const built = join(__dirname, 'sqlite.worker.js');
    // Uncompiled, Node strips its types and says how the file could be found faster.
    this.#worker = existsSync(built) ? new Worker(built, { workerData: path }) : new Worker(join(__dirname, 'sqlite.worker.ts'), { workerData: path, execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'] });
    this.#worker.on('message', (answer: SqliteAnswer) => {
      const asked = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#worker.unref();
      asked?.resolve(answer);
    });
    this.#worker.on('error', (cause) => this.#giveUp(cause instanceof Error ? cause : new Error(String(cause))));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => { this.#giveUp(new Error('the thread of the database ended')); resolve(); });
    });
    this.#worker.unref();
  }

  run(order: SqliteOrder): Promise<SqliteAnswer> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage(order);
    });
  }

  /** What was asked for before is done first. */
  async close(): Promise<void> {
    this.#worker.ref();
    if (this.#gone === undefined) this.#worker.postMessage('close');
    await this.#ended;
  }

  #giveUp(cause: Error): void {
    this.#gone ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#gone);
  }
}
