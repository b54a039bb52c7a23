import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DuckDBDataChunk, DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import { WeirError } from '@weir/contracts';
import { OfflineStore, type DecisionRow, type HistoryBatch, type HistoryQuery, type HistoryRecord } from '@weir/ports';
import { historyColumns, readColumns, readRow, storedColumns, type HistoryRow } from './history-columns';
import { dayOf, HistoryFiles, type HistoryFile } from './history-files';

export interface ParquetOfflineStoreOptions {
  /** A folder of its own; made where it is missing. */
  readonly path: string;
  /** Records that wait in memory at most; above it, `append` waits until they are written. */
  readonly rowsWaitingMax?: number;
  /** A file is written when this many records wait, or at `flush`. */
  readonly rowsPerFile?: number;
}

const chunkRows = 1_024;
/** Files of one day and lane that compaction joins at most, and how large what it makes may be, in records. */
const joinFilesMax = 256;
const joinedRecordsMax = 5_000_000;

/**
 * History as Parquet files by lane and day of append, written and read by DuckDB. A batch only waits in memory until enough is together for a file: what is
 * handed over between two flushes is lost with the process, and comes again from the log. Rows go over column by column, with a turn of the event loop
 * between, so that nobody waits longer than for one column of one chunk; compressing and writing is on DuckDB's own thread.
 */
export class ParquetOfflineStore extends OfflineStore {
  readonly #rowsWaitingMax: number;
  readonly #rowsPerFile: number;
  readonly #files: HistoryFiles;
  #database: Promise<{ readonly instance: DuckDBInstance; readonly writer: DuckDBConnection }> | undefined;
  readonly #waitingByLane = new Map<number, HistoryRow[]>();
  readonly #takenByLane = new Map<number, number>();
  #waiting = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ParquetOfflineStoreOptions) {
    super();
    this.#rowsWaitingMax = options.rowsWaitingMax ?? 400_000;
    this.#rowsPerFile = options.rowsPerFile ?? 200_000;
    this.#files = new HistoryFiles(options.path);
  }

  override async append(batch: HistoryBatch): Promise<void> {
    const taken = this.#takenByLane.get(batch.lane) ?? this.#files.last(batch.lane);
    const decisionByOffset = new Map(batch.decisions.map((decision) => [decision.offset, decision]));
    const rows = this.#waitingByLane.get(batch.lane) ?? [];
    this.#waitingByLane.set(batch.lane, rows);
    let last = taken;
    for (const record of batch.records) {
      if (record.offset <= taken) continue;
      rows.push({ record, decision: decisionByOffset.get(record.offset) });
      last = record.offset;
      this.#waiting++;
    }
    this.#takenByLane.set(batch.lane, last);
    if (rows.length >= this.#rowsPerFile) void this.flush().catch(() => undefined);
    if (this.#waiting >= this.#rowsWaitingMax) await this.flush();
  }

  override flush(): Promise<void> {
    const done = this.#writing.then(() => this.#writeAll());
    this.#writing = done.catch(() => undefined);
    return done;
  }

  override position(lane: number): Promise<number> {
    return Promise.resolve(this.#files.last(lane));
  }

  override async *scan(lane: number, fromOffset: number, toOffset = Infinity): AsyncIterable<HistoryRecord> {
    for await (const { record } of this.#rows(lane, `record_offset >= ${integer(fromOffset)}${Number.isFinite(toOffset) ? ` AND record_offset < ${integer(toOffset)}` : ''}`, fromOffset, toOffset)) yield record;
  }

  override async *query(query: HistoryQuery): AsyncIterable<HistoryRecord> {
    const conditions: string[] = [];
    if (query.fromMs !== undefined) conditions.push(`coalesce(event_time, received_at) >= epoch_ms(${integer(query.fromMs)}::BIGINT)`);
    if (query.toMs !== undefined) conditions.push(`coalesce(event_time, received_at) < epoch_ms(${integer(query.toMs)}::BIGINT)`);
    if (query.source !== undefined) conditions.push(`source = ${quoted(query.source)}`);
    if (query.entity !== undefined) conditions.push(`list_contains(entities, ${quoted(query.entity)})`);
    if (query.outcome !== undefined) conditions.push(`outcome = ${quoted(query.outcome)}`);
    for (const lane of query.lane === undefined ? this.#files.lanes() : [query.lane]) {
      for await (const { record } of this.#rows(lane, conditions.join(' AND '))) yield record;
    }
  }

  override async *decisions(query: { readonly lane?: number | undefined; readonly fromMs?: number | undefined; readonly toMs?: number | undefined }): AsyncIterable<DecisionRow> {
    const conditions = ['decision_outcome IS NOT NULL'];
    if (query.fromMs !== undefined) conditions.push(`event_time >= epoch_ms(${integer(query.fromMs)}::BIGINT)`);
    if (query.toMs !== undefined) conditions.push(`event_time < epoch_ms(${integer(query.toMs)}::BIGINT)`);
    for (const lane of query.lane === undefined ? this.#files.lanes() : [query.lane]) {
      for await (const { decision } of this.#rows(lane, conditions.join(' AND '))) if (decision !== undefined) yield decision;
    }
  }

  /** The newest file of a lane always stays: it says how far the lane's history goes. */
  override expire(beforeMs: number): Promise<number> {
    return this.#exclusive(() => {
      const before = dayOf(beforeMs), old = this.#files.lanes().flatMap((lane) => this.#files.of(lane).slice(0, -1).filter(({ day }) => day < before));
      this.#files.remove(old);
      return Promise.resolve(old.length);
    });
  }

  override compact(): Promise<number> {
    return this.#exclusive(async () => {
      let less = 0;
      for (const lane of this.#files.lanes()) {
        for (const group of joinable(this.#files.of(lane))) {
          await this.#join(group);
          less += group.length - 1;
        }
      }
      return less;
    });
  }

  override async close(): Promise<void> {
    await this.flush();
    const database = await this.#database;
    database?.writer.closeSync();
    database?.instance.closeSync();
  }

  async #writeAll(): Promise<void> {
    for (const [lane, rows] of this.#waitingByLane) {
      while (rows.length > 0) await this.#writeFile(lane, rows);
    }
  }

  /** Writes the first rows that wait, of one day, as one file. They wait until it has its name. */
  async #writeFile(lane: number, rows: HistoryRow[]): Promise<void> {
    const first = rows[0]?.record;
    if (first === undefined) return;
    const day = dayOf(first.appendedAtMs);
    let count = 1;
    while (count < rows.length && count < this.#rowsPerFile && dayOf((rows[count] as HistoryRow).record.appendedAtMs) === day) count++;
    const last = (rows[count - 1] as HistoryRow).record.offset, path = this.#files.temporary();
    try {
      const { writer } = await this.#open();
      await writer.run(`CREATE OR REPLACE TEMP TABLE waiting (${historyColumns.map(({ name, type }) => `${name} ${type.toString()}`).join(', ')})`);
      await this.#appendRows(writer, rows, count);
      await writer.run(`COPY (SELECT ${storedColumns} FROM waiting) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
      await writer.run('DROP TABLE waiting');
    } catch (cause) {
      throw new WeirError('WEIR_HISTORY_FAILED', `writing ${count} records of lane ${lane} failed: ${messageOf(cause)}`, { cause, retriable: true });
    }
    await sync(path);
    await sync(dirname(this.#files.publish(path, { lane, day, first: first.offset, last })));
    rows.splice(0, count);
    this.#waiting -= count;
  }

  async #appendRows(writer: DuckDBConnection, rows: readonly HistoryRow[], count: number): Promise<void> {
    const appender = await writer.createAppender('waiting');
    const types = historyColumns.map(({ type }) => type);
    for (let from = 0; from < count; from += chunkRows) {
      const part = rows.slice(from, Math.min(count, from + chunkRows)), chunk = DuckDBDataChunk.create(types, part.length);
      for (const [index, column] of historyColumns.entries()) {
        chunk.setColumnValues(index, part.map(column.of));
        await nextTurn();
      }
      appender.appendDataChunk(chunk);
      appender.flushSync();
    }
    appender.closeSync();
  }

  async *#rows(lane: number, condition: string, fromOffset = 0, toOffset = Infinity): AsyncIterable<HistoryRow> {
    let next = fromOffset;
    for (let file = this.#files.at(lane, next); file !== undefined && file.first < toOffset; file = this.#files.at(lane, next)) {
      yield* this.#rowsOf(file, condition);
      next = file.last + 1;
    }
  }

  async *#rowsOf(file: HistoryFile, condition: string): AsyncIterable<HistoryRow> {
    const { instance } = await this.#open(), reader = await instance.connect();
    try {
      const result = await reader.stream(`SELECT ${readColumns} FROM read_parquet(${quoted(file.path)}) ${condition === '' ? '' : `WHERE ${condition}`}`);
      for (let chunk = await result.fetchChunk(); chunk !== null && chunk !== undefined && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        const columns: ReadonlyArray<readonly DuckDBValue[]> = chunk.getColumns();
        for (let at = 0; at < chunk.rowCount; at++) yield readRow(columns, at);
      }
    } catch (cause) {
      throw cause instanceof WeirError ? cause : new WeirError('WEIR_HISTORY_FAILED', `reading ${file.path} failed: ${messageOf(cause)}`, { cause });
    } finally {
      reader.closeSync();
    }
  }

  async #join(group: readonly HistoryFile[]): Promise<void> {
    const [first] = group, last = group.at(-1);
    if (first === undefined || last === undefined) return;
    const path = this.#files.temporary(), { writer } = await this.#open();
    await writer.run(`COPY (SELECT * FROM read_parquet([${group.map((file) => quoted(file.path)).join(', ')}])) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
    await sync(path);
    this.#files.publish(path, { lane: first.lane, day: first.day, first: first.first, last: last.last }, group);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.then(() => undefined, () => undefined);
    return done;
  }

  #open(): Promise<{ readonly instance: DuckDBInstance; readonly writer: DuckDBConnection }> {
    // One thread: rows keep their order, and the hot path keeps its core.
    return (this.#database ??= DuckDBInstance.create(':memory:', { threads: '1' }).then(async (instance) => ({ instance, writer: await instance.connect() })));
  }
}

/** Runs of neighbouring files of one day that are worth joining. */
function joinable(files: readonly HistoryFile[]): HistoryFile[][] {
  const groups: HistoryFile[][] = [];
  let group: HistoryFile[] = [];
  for (const file of files) {
    const [first] = group;
    const fits = first !== undefined && first.day === file.day && file.first === (group.at(-1)?.last ?? -2) + 1 && group.length < joinFilesMax && file.last - first.first < joinedRecordsMax;
    if (!fits) {
      if (group.length > 1) groups.push(group);
      group = [];
    }
    group.push(file);
  }
  if (group.length > 1) groups.push(group);
  return groups;
}

/** What was written to a file, or into a folder, is on the disk. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const integer = (value: number): string => String(Math.trunc(value));
const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
