import { WeirError } from '@weir/contracts';
import { DecisionStore, type DecisionQuery, type DecisionRow, type Page, type TakenDecisions } from '@weir/ports';
import { buffersOfRows, RowPacker, TakenRows, takenRows, unpackRows, type PackedRows } from './decision-pack';
import type { LmdbDecisionStoreOptions } from './lmdb-decision-store';
import { AskedThread, builtWorker, errorOf, type Failure } from '../threads';
import { serveDecisions, type DecisionJob } from './serve-decisions';

/** What the thread is asked, and what it answers. */
export type DecisionQuestion =
  | { readonly kind: 'write'; readonly lane: number; readonly parts: readonly PackedRows[] }
  | { readonly kind: 'position'; readonly lane: number }
  | { readonly kind: 'byId'; readonly id: string }
  | { readonly kind: 'byTransaction'; readonly transactionId: string; readonly source: string | undefined }
  | { readonly kind: 'search'; readonly query: DecisionQuery }
  | { readonly kind: 'range'; readonly lane: number; readonly fromOffset: number; readonly rowsMax: number }
  | { readonly kind: 'close' };
export type DecisionAnswer =
  | { readonly kind: 'done' }
  /** They come back, to be written again. */
  | { readonly kind: 'unwritten'; readonly failure: Failure; readonly parts: readonly PackedRows[] }
  | { readonly kind: 'position'; readonly position: number }
  | { readonly kind: 'rows'; readonly lanes: ReadonlyArray<{ readonly lane: number; readonly rows: PackedRows }>; readonly next: string | null };

export type ThreadedDecisionStoreOptions = Pick<LmdbDecisionStoreOptions, 'path' | 'lanes' | 'idsPerRun'> & { readonly unpack: NonNullable<LmdbDecisionStoreOptions['unpack']> };

/**
 * `LmdbDecisionStore` in a thread of its own, so that whoever decides spends no time on blocks, marks and the index of
 * transactions.
 */
export class ThreadedDecisionStore extends DecisionStore {
  readonly #thread: AskedThread<DecisionQuestion, DecisionAnswer, DecisionJob>;
  readonly #packer = new RowPacker();

  constructor(private readonly options: ThreadedDecisionStoreOptions) {
    super();
    const { path, lanes, idsPerRun } = options;
    this.#thread = new AskedThread({
      built: builtWorker(__dirname, 'decision-store.worker'), job: { path, lanes, ...(idsPerRun === undefined ? {} : { idsPerRun }) }, serve: serveDecisions,
      gone: (cause) => new WeirError('WEIR_STORE_FAILED', 'the thread that keeps the decisions is gone', { cause }),
    });
  }

  override take(rows: readonly DecisionRow[]): TakenRows { return new TakenRows(this.#packer.pack(rows)); }

  override async write(lane: number, taken: readonly TakenDecisions[]): Promise<void> {
    const given = taken.map(takenRows), parts = given.map(({ rows }) => rows);
    const answer = await this.#thread.ask({ kind: 'write', lane, parts }, parts.flatMap(buffersOfRows));
    if (answer.kind !== 'unwritten') return;
    given.forEach((each, index) => { each.rows = answer.parts[index] ?? each.rows; });
    throw errorOf(answer.failure);
  }

  override async position(lane: number): Promise<number> {
    const answer = await this.#thread.ask({ kind: 'position', lane });
    return answer.kind === 'position' ? answer.position : -1;
  }

  override async byId(id: string): Promise<DecisionRow | undefined> {
    return this.#rowsOf(await this.#thread.ask({ kind: 'byId', id }))[0];
  }

  override async byTransaction(transactionId: string, source?: string): Promise<DecisionRow | undefined> {
    return this.#rowsOf(await this.#thread.ask({ kind: 'byTransaction', transactionId, source }))[0];
  }

  override async search(query: DecisionQuery): Promise<Page<DecisionRow>> {
    const answer = await this.#thread.ask({ kind: 'search', query });
    return { items: this.#rowsOf(answer), next: answer.kind === 'rows' ? answer.next : null };
  }

  override async range(lane: number, fromOffset: number, rowsMax: number): Promise<readonly DecisionRow[]> {
    return this.#rowsOf(await this.#thread.ask({ kind: 'range', lane, fromOffset, rowsMax }));
  }

  override async close(): Promise<void> {
    if (!this.#thread.isGone) await this.#thread.ask({ kind: 'close' });
    await this.#thread.close();
  }

  #rowsOf(answer: DecisionAnswer): DecisionRow[] {
    return answer.kind === 'rows' ? answer.lanes.flatMap(({ lane, rows }) => unpackRows(lane, rows, this.options.unpack)) : [];
  }
}
