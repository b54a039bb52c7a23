import { originOfDecisionId, WeirError } from '@weir/contracts';
import { DecisionStore, pageLimitMax, type DecisionQuery, type DecisionRow, type Page, type TakenDecisions } from '@weir/ports';
import { open, type Database, type RootDatabase } from 'lmdb';
import { blockStart } from './block-start';
import { commitFailure, ownBatches } from './commit-failure';
import { alertMark, DecisionBlock, DecisionMarks, encodeMarks, encodeRows, entityMark, newestOffset, outcomeMark, ruleMark, type Unpack } from './decision-block';
import { RowPacker, rowColumn, rowColumns, rowStart, TakenRows, takenRows, TextReader, type PackedRows } from './decision-pack';
import { hashBytes, hashText } from './text-hash';
import { runIdsMax, TransactionIndex, type IndexDatabase } from './transaction-index';

export interface LmdbDecisionStoreOptions {
  /** A folder of its own; made where it is missing. */
  readonly path: string;
  readonly lanes: number;
  /** Transactions that are gathered in memory before they go down as a run of the index. */
  readonly idsPerRun?: number;
  /** JSON text of a packed decision, by the JSON text of its layout. Without it the text is stored. */
  readonly unpack?: (layoutJson: string, bytes: Uint8Array) => string;
}

/** Blocks and rows that one page of a search looks at. */
const blocksPerPageMax = 50_000;
const rowsPerPageMax = 20_000;
/** Small enough that one decision costs no more to read than some tens of µs: a value is copied whole. */
const rowsPerBlockMax = 64;

interface Lane { readonly blocks: Database<Buffer, number>; readonly marks: Database<Buffer, number>; readonly transactions: TransactionIndex; readonly index: IndexDatabase; position: number; writing: Promise<void> }

/** Decisions in an LMDB folder: blocks by first offset, as they were written, an index of transactions, and marks per block for searches. One process at a time. */
export class LmdbDecisionStore extends DecisionStore {
  readonly #root: RootDatabase<Buffer, number>;
  readonly #lanes: readonly Lane[];
  /** JSON texts by layout id: few, for a set and a source have one. */
  readonly #layouts: Database<string, string>;
  readonly #layoutById = new Map<string, string>();
  readonly #unpack: Unpack | undefined;
  readonly #packer = new RowPacker();
  readonly #layoutOf = (id: string): string => this.#layout(id);

  constructor(options: LmdbDecisionStoreOptions) {
    super();
    const { unpack } = options;
    this.#unpack = unpack && ((layoutId, bytes) => unpack(this.#layout(layoutId), bytes));
    this.#root = open<Buffer, number>({ path: options.path, maxDbs: 3 * options.lanes + 3, encoding: 'binary', overlappingSync: false, noMemInit: true, ...ownBatches });
    this.#layouts = this.#root.openDB<string, string>('layouts', { encoding: 'string' });
    this.#lanes = Array.from({ length: options.lanes }, (_, lane) => this.#openLane(lane, options));
  }

  override take(rows: readonly DecisionRow[]): TakenRows { return new TakenRows(this.#packer.pack(rows, this.#unpack !== undefined)); }

  override async write(lane: number, taken: readonly TakenDecisions[]): Promise<void> {
    const state = this.#lane(lane), parts = taken.map((each) => takenRows(each).rows);
    const written = state.writing.then(() => this.#write(state, parts));
    state.writing = written.catch(() => undefined);
    await written;
  }

  override position(lane: number): Promise<number> {
    return Promise.resolve(this.#lane(lane).position);
  }

  override byId(id: string): Promise<DecisionRow | undefined> {
    const origin = originOfDecisionId(id);
    return Promise.resolve(origin === undefined || origin.lane >= this.#lanes.length ? undefined : this.#at(origin.lane, origin.offset));
  }

  override byTransaction(transactionId: string, source?: string): Promise<DecisionRow | undefined> {
    let newest: DecisionRow | undefined;
    this.#lanes.forEach((state, lane) => {
      for (const offset of state.transactions.find(transactionId)) {
        const row = this.#at(lane, offset);
        if (row?.transactionId !== transactionId || (source !== undefined && row.source !== source)) continue;
        if (newest === undefined || row.receivedAtMs > newest.receivedAtMs) newest = row;
        break;
      }
    });
    return Promise.resolve(newest);
  }

  override search(query: DecisionQuery): Promise<Page<DecisionRow>> {
    const limit = Math.min(Math.max(1, query.limit), pageLimitMax);
    const [fromLane, below] = readCursor(query.cursor);
    const items: DecisionRow[] = [];
    let blocksLeft = blocksPerPageMax, rowsLeft = rowsPerPageMax;
    for (let lane = fromLane; lane < this.#lanes.length; lane++) {
      const end = lane === fromLane ? below : Infinity;
      const { blocks, marks } = this.#lane(lane);
      for (const { key, value } of marks.getRange({ start: Number.isFinite(end) ? end - 1 : Number.MAX_SAFE_INTEGER, reverse: true })) {
        if (blocksLeft-- === 0) return Promise.resolve({ items, next: `${lane}:${key + 1}` });
        if (!mayMatch(new DecisionMarks(value), query)) continue;
        const bytes = blocks.get(key);
        if (bytes === undefined) continue;
        const block = new DecisionBlock(lane, bytes, this.#unpack, this.#layoutOf);
        for (let row = block.count - 1; row >= 0; row--) {
          const offset = block.offset(row);
          if (offset >= end) continue;
          if (items.length === limit || rowsLeft-- === 0) return Promise.resolve({ items, next: `${lane}:${offset + 1}` });
          const found = block.row(row);
          if (matches(found, query)) items.push(found);
        }
      }
    }
    return Promise.resolve({ items, next: null });
  }

  override range(lane: number, fromOffset: number, rowsMax: number): Promise<readonly DecisionRow[]> {
    const { blocks } = this.#lane(lane), rows: DecisionRow[] = [];
    for (const { value } of blocks.getRange({ start: blockStart(blocks, fromOffset) })) {
      if (rows.length >= rowsMax) break;
      const block = new DecisionBlock(lane, value, this.#unpack, this.#layoutOf);
      for (let row = 0; row < block.count; row++) if (block.offset(row) >= fromOffset) rows.push(block.row(row));
    }
    return Promise.resolve(rows);
  }

  override async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.writing));
    await this.#root.close();
  }

  async #write(state: Lane, taken: readonly PackedRows[]): Promise<void> {
    const parts = taken.map((rows) => ({ rows, first: firstBehind(rows, state.position) })).filter(({ rows, first }) => first < rows.count);
    const newest = parts.at(-1)?.rows;
    if (newest === undefined) return;
    const lastOffset = offsetAt(newest, newest.count - 1), indexed = state.transactions.count;
    let runDue = false;
    for (const { rows, first } of parts) runDue = this.#index(state, rows, first) || runDue;
    const fresh = new Map(parts.flatMap(({ rows }) => rows.layoutIds.flatMap((id, index) => (this.#layoutById.has(id) ? [] : [[id, rows.layouts[index] ?? ''] as const]))));
    try {
      const blocks: Array<{ readonly first: number; readonly rows: Buffer; readonly marks: Buffer }> = [];
      for (const { rows, first } of parts) {
        for (let from = first; from < rows.count; from += rowsPerBlockMax) {
          const to = Math.min(rows.count, from + rowsPerBlockMax);
          blocks.push({ first: offsetAt(rows, from), rows: encodeRows(rows, from, to), marks: encodeMarks(rows, from, to) });
        }
      }
      await this.#root.transaction(() => {
        for (const [id, json] of fresh) this.#layouts.putSync(id, json);
        for (const { first: key, rows: block, marks } of blocks) {
          state.blocks.putSync(key, block);
          state.marks.putSync(key, marks);
        }
        if (runDue) state.transactions.writeRun(lastOffset);
      });
    } catch (cause) {
      state.transactions.takeBack(indexed);
      throw new WeirError('WEIR_STORE_FAILED', `writing the decisions up to ${lastOffset} failed: ${await commitFailure(cause)}`, { cause, retriable: true });
    }
    for (const [id, json] of fresh) this.#layoutById.set(id, json);
    if (runDue) state.transactions.runWritten(lastOffset);
    state.position = lastOffset;
  }

  /** True when a run of the index is due. */
  #index({ transactions }: Lane, rows: PackedRows, first: number): boolean {
    const bytes = Buffer.from(rows.bytes.buffer, rows.bytes.byteOffset, rows.bytes.byteLength);
    let due = false;
    for (let row = first; row < rows.count; row++) {
      const { from, to } = new TextReader(bytes, rowStart(rows, row) + (rows.numbers[row * rowColumns + rowColumn.record] as number)).next();
      due = transactions.add(hashBytes(bytes, from, to), rows.numbers[row * rowColumns + rowColumn.offset] as number) || due;
    }
    return due;
  }

  #layout(id: string): string {
    const known = this.#layoutById.get(id) ?? this.#layouts.get(id);
    if (known === undefined) throw new WeirError('WEIR_STORE_FAILED', `the layout ${id} of a decision is not there`);
    if (!this.#layoutById.has(id)) this.#layoutById.set(id, known);
    return known;
  }

  #at(lane: number, offset: number): DecisionRow | undefined {
    const { blocks } = this.#lane(lane);
    for (const { value } of blocks.getRange({ start: offset, reverse: true, limit: 1 })) {
      const block = new DecisionBlock(lane, value, this.#unpack, this.#layoutOf), row = block.find(offset);
      return row < 0 ? undefined : block.row(row);
    }
    return undefined;
  }

  #openLane(lane: number, options: LmdbDecisionStoreOptions): Lane {
    const blocks = this.#root.openDB<Buffer, number>(`decisions ${lane}`, { encoding: 'binary' });
    const marks = this.#root.openDB<Buffer, number>(`marks ${lane}`, { encoding: 'binary' });
    const index: IndexDatabase = this.#root.openDB<Buffer, number[]>(`transactions ${lane}`, { encoding: 'binary' });
    const transactions = new TransactionIndex(index, options.idsPerRun ?? runIdsMax);
    for (const { value } of blocks.getRange({ start: transactions.through + 1 })) {
      const block = new DecisionBlock(lane, value);
      for (let row = 0; row < block.count; row++) transactions.add(hashText(block.transactionId(row)), block.offset(row));
    }
    return { blocks, marks, transactions, index, position: newestOffset(lane, blocks), writing: Promise.resolve() };
  }

  #lane(lane: number): Lane {
    const state = this.#lanes[lane];
    if (state === undefined) throw new WeirError('WEIR_STORE_FAILED', `lane ${lane}: there are ${this.#lanes.length}`);
    return state;
  }
}

const offsetAt = ({ numbers }: PackedRows, row: number): number => numbers[row * rowColumns + rowColumn.offset] as number;

/** The first row that is newer than the position. */
function firstBehind(rows: PackedRows, position: number): number {
  let first = 0;
  while (first < rows.count && offsetAt(rows, first) <= position) first++;
  return first;
}

function mayMatch(block: DecisionMarks, query: DecisionQuery): boolean {
  return block.mayBeWithin(query.fromMs ?? -Infinity, query.toMs ?? Infinity)
    && (query.entity === undefined || block.mayHold(entityMark(query.entity)))
    && (query.rule === undefined || block.mayHold(ruleMark(query.rule)))
    && (query.outcome === undefined || block.mayHold(outcomeMark(query.outcome)))
    && (query.alert === undefined || block.mayHold(alertMark(query.alert)));
}

const matches = (row: DecisionRow, query: DecisionQuery): boolean =>
  (query.entity === undefined || row.entities.includes(query.entity)) && (query.rule === undefined || row.rules.includes(query.rule))
  && (query.outcome === undefined || row.outcome === query.outcome) && (query.alert === undefined || row.alert === query.alert)
  && row.eventTimeMs >= (query.fromMs ?? -Infinity) && row.eventTimeMs < (query.toMs ?? Infinity);

/** `lane:offset`: go on below this offset of this lane. */
function readCursor(cursor: string | undefined): readonly [lane: number, below: number] {
  if (cursor === undefined) return [0, Infinity];
  const match = /^(\d{1,5}):(\d{1,16})$/.exec(cursor);
  if (!match) throw new WeirError('WEIR_INPUT_INVALID', 'the cursor is none of ours', { findings: [{ where: 'query', field: 'cursor', expected: 'next of the page before', got: cursor.slice(0, 40) }] });
  return [Number(match[1]), Number(match[2])];
}
