import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { errorCodes, WeirError, type ErrorCode } from '@weir/contracts';
import { DecisionStore, type DecisionQuery, type DecisionRow, type Page } from '@weir/ports';
import { buffersOfRows, RowPacker, unpackRows, type PackedRows } from './decision-pack';
import type { LmdbDecisionStoreOptions } from './lmdb-decision-store';
import { serveDecisions } from './serve-decisions';

/** What the thread is asked. Answers come in the order of the questions of a kind, each with its number. */
export type DecisionQuestion =
  | { readonly kind: 'write'; readonly lane: number; readonly rows: PackedRows }
  | { readonly kind: 'position'; readonly lane: number }
  | { readonly kind: 'byId'; readonly id: string }
  | { readonly kind: 'byTransaction'; readonly transactionId: string; readonly source: string | undefined }
  | { readonly kind: 'search'; readonly query: DecisionQuery }
  | { readonly kind: 'range'; readonly lane: number; readonly fromOffset: number; readonly rowsMax: number }
  | { readonly kind: 'close' };
export interface AskedDecision { readonly number: number; readonly question: DecisionQuestion }

export type DecisionAnswer =
  | { readonly number: number; readonly kind: 'done' }
  | { readonly number: number; readonly kind: 'position'; readonly position: number }
  | { readonly number: number; readonly kind: 'rows'; readonly lanes: ReadonlyArray<{ readonly lane: number; readonly rows: PackedRows }>; readonly next: string | null }
  | { readonly number: number; readonly kind: 'failed'; readonly message: string; readonly code: string; readonly retriable: boolean; readonly findings: WeirError['findings'] };

export type ThreadedDecisionStoreOptions = Pick<LmdbDecisionStoreOptions, 'path' | 'lanes' | 'idsPerRun'> & { readonly unpack: NonNullable<LmdbDecisionStoreOptions['unpack']> };

/**
 * `LmdbDecisionStore` in a thread of its own, so that whoever decides spends no time on blocks, marks and the index of transactions. Uncompiled
 * sources have no thread to start: there it is served in this one, by the same messages.
 */
export class ThreadedDecisionStore extends DecisionStore {
  readonly #port: MessagePort | Worker;
  readonly #close: () => Promise<unknown>;
  readonly #packer = new RowPacker();
  readonly #waiting = new Map<number, { readonly resolve: (answer: DecisionAnswer) => void; readonly reject: (error: unknown) => void }>();
  #asked = 0;
  #gone: Error | undefined;

  constructor(private readonly options: ThreadedDecisionStoreOptions) {
    super();
    const { path, lanes, idsPerRun } = options, job = { path, lanes, ...(idsPerRun === undefined ? {} : { idsPerRun }) };
    const built = join(__dirname, 'decision-store.worker.js');
    if (existsSync(built)) {
      const worker = new Worker(built, { workerData: job });
      worker.on('error', (error) => this.#giveUp(error));
      worker.on('exit', () => this.#giveUp(new Error('the thread of the decisions ended')));
      this.#port = worker;
      this.#close = () => worker.terminate();
    } else {
      const { port1, port2 } = new MessageChannel();
      serveDecisions(port2, job);
      this.#port = port1;
      this.#close = () => { port1.close(); return Promise.resolve(); };
    }
    this.#port.on('message', (answer: DecisionAnswer) => this.#take(answer));
    this.#port.unref();
  }

  override async write(lane: number, rows: readonly DecisionRow[]): Promise<void> {
    const packed = this.#packer.pack(rows);
    await this.#ask({ kind: 'write', lane, rows: packed }, buffersOfRows(packed));
  }

  override async position(lane: number): Promise<number> {
    const answer = await this.#ask({ kind: 'position', lane });
    return answer.kind === 'position' ? answer.position : -1;
  }

  override async byId(id: string): Promise<DecisionRow | undefined> {
    return this.#rowsOf(await this.#ask({ kind: 'byId', id }))[0];
  }

  override async byTransaction(transactionId: string, source?: string): Promise<DecisionRow | undefined> {
    return this.#rowsOf(await this.#ask({ kind: 'byTransaction', transactionId, source }))[0];
  }

  override async search(query: DecisionQuery): Promise<Page<DecisionRow>> {
    const answer = await this.#ask({ kind: 'search', query });
    return { items: this.#rowsOf(answer), next: answer.kind === 'rows' ? answer.next : null };
  }

  override async range(lane: number, fromOffset: number, rowsMax: number): Promise<readonly DecisionRow[]> {
    return this.#rowsOf(await this.#ask({ kind: 'range', lane, fromOffset, rowsMax }));
  }

  override async close(): Promise<void> {
    if (this.#gone === undefined) await this.#ask({ kind: 'close' });
    await this.#close();
  }

  #rowsOf(answer: DecisionAnswer): DecisionRow[] {
    return answer.kind === 'rows' ? answer.lanes.flatMap(({ lane, rows }) => unpackRows(lane, rows, this.options.unpack)) : [];
  }

  /** @throws WeirError as the store does. */
  #ask(question: DecisionQuestion, hand: readonly ArrayBuffer[] = []): Promise<DecisionAnswer> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const number = this.#asked++;
      if (this.#waiting.size === 0) this.#port.ref();
      this.#waiting.set(number, { resolve, reject });
      this.#port.postMessage({ number, question } satisfies AskedDecision, hand);
    });
  }

  #take(answer: DecisionAnswer): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if (this.#waiting.size === 0) this.#port.unref();
    if (answer.kind === 'failed') waiting?.reject(errorOf(answer));
    else waiting?.resolve(answer);
  }

  #giveUp(cause: unknown): void {
    this.#gone ??= new WeirError('WEIR_STORE_FAILED', 'the thread that keeps the decisions is gone', { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}

function errorOf({ message, code, retriable, findings }: Extract<DecisionAnswer, { kind: 'failed' }>): Error {
  const known = errorCodes.find((each): each is ErrorCode => each === code);
  return known === undefined ? new Error(message) : new WeirError(known, message, { retriable, findings });
}
