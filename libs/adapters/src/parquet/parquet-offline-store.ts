import { rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import { WeirError } from '@weir/contracts';
import { OfflineStore, type DecisionRow, type HistoryBatch, type HistoryQuery, type HistoryRecord } from '@weir/ports';
import type { ColumnChunk } from './column-chunk';
import { addRow, historyColumns, readColumns, readRecordColumns, readRow, type DecisionUnpacking, type HistoryRow } from './history-columns';
import { dayOf, HistoryFiles, sync, type HistoryFile } from './history-files';
import { readRowGroups } from './parquet-foot';
import { ParquetWriter } from './parquet-writer';

export interface ParquetOfflineStoreOptions {
  /** A folder of its own; made where it is missing. */
  readonly path: string;
  /** True: for reading beside whoever writes; nothing is changed. */
  readonly readOnly?: boolean;
  /** A file is whole when it has so many records, or at `flush`. */
  readonly rowsPerFile?: number;
  /** How packed decisions are read; without it their text is stored. */
  readonly unpacking?: DecisionUnpacking;
}

/** What is there of a lane. */
export interface HistoryLane { readonly lane: number; readonly first: number; readonly last: number; readonly files: number; readonly bytes: number; readonly days: number }

interface OpenFile { readonly path: string; readonly day: number; readonly first: number; last: number; rows: number; groupRows: number; readonly writer: ParquetWriter }

const dayMs = 86_400_000;
const rowsPerGroup = 16_384;
/** A row group of large records is ended before it is full. */
const groupBytesMax = 64 << 20;
/** Files that one join takes at most, and how large what it makes may be, in records. */
const joinFilesMax = 256;
const joinedRecordsMax = 4_000_000;
/** Without being asked for, so many files of a day that is not over are joined together, and only those that are no result of several joins. */
const tierFiles = 16;
const databaseMemory = '512MB';
/** How often a reader looks again for a file that was joined into another one meanwhile. */
const rereadsMax = 5;

/**
 * History as Parquet files by lane and day of append; written by a writer of our own, read and queried by DuckDB. What is handed over between two flushes is
 * lost with the process, or when writing fails, and comes again from the log: `position` says from where. One writer at a time; readers beside it are welcome.
 */
export class ParquetOfflineStore extends OfflineStore {
  readonly #rowsPerFile: number;
  readonly #files: HistoryFiles;
  readonly #unpacking: DecisionUnpacking | undefined;
  readonly #readOnly: boolean;
  #database: Promise<{ readonly instance: DuckDBInstance; readonly writer: DuckDBConnection }> | undefined;
  readonly #openByLane = new Map<number, OpenFile>();
  readonly #freeChunks: Array<readonly ColumnChunk[]> = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ParquetOfflineStoreOptions) {
    super();
    this.#rowsPerFile = options.rowsPerFile ?? 65_536;
    this.#readOnly = options.readOnly === true;
    this.#files = new HistoryFiles(options.path, this.#readOnly);
    this.#unpacking = options.unpacking;
  }

  /** Records that are in no whole file yet. */
  get waiting(): number { return [...this.#openByLane.values()].reduce((sum, { rows, groupRows }) => sum + rows + groupRows, 0); }

  lanes(): HistoryLane[] {
    if (this.#readOnly) this.#files.refresh();
    return this.#files.lanes().map((lane) => {
      const files = this.#files.of(lane);
      return { lane, first: this.#files.first(lane), last: this.#files.last(lane), files: files.length, bytes: this.#files.bytes(lane), days: new Set(files.map(({ day }) => day)).size };
    });
  }

  override async append(batch: HistoryBatch): Promise<void> {
    await this.#exclusive(() => { this.#take(batch); return Promise.resolve(); });
  }

  override flush(): Promise<void> {
    return this.#exclusive(() => {
      for (const lane of [...this.#openByLane.keys()]) this.#end(lane);
      return Promise.resolve();
    });
  }

  override position(lane: number): Promise<number> {
    if (this.#readOnly) this.#files.refresh();
    return Promise.resolve(this.#files.last(lane));
  }

  override async *scan(lane: number, fromOffset: number, toOffset = Infinity): AsyncIterable<HistoryRecord> {
    for await (const { record } of this.#rows(lane, `record_offset >= ${integer(fromOffset)}${Number.isFinite(toOffset) ? ` AND record_offset < ${integer(toOffset)}` : ''}`, { columns: readRecordColumns, fromOffset, toOffset })) yield record;
  }

  override async *query(query: HistoryQuery): AsyncIterable<HistoryRecord> {
    const conditions: string[] = [];
    if (query.fromMs !== undefined) conditions.push(`coalesce(event_time, received_at) >= epoch_ms(${integer(query.fromMs)}::BIGINT)`);
    if (query.toMs !== undefined) conditions.push(`coalesce(event_time, received_at) < epoch_ms(${integer(query.toMs)}::BIGINT)`);
    if (query.source !== undefined) conditions.push(`source = ${quoted(query.source)}`);
    if (query.entity !== undefined) conditions.push(`list_contains(entities, ${quoted(query.entity)})`);
    if (query.outcome !== undefined) conditions.push(`outcome = ${quoted(query.outcome)}`);
    for (const lane of this.#lanesOf(query)) {
      for await (const { record } of this.#rows(lane, conditions.join(' AND '), { columns: readRecordColumns })) yield record;
    }
  }

  override async *decisions(query: { readonly lane?: number | undefined; readonly fromMs?: number | undefined; readonly toMs?: number | undefined }): AsyncIterable<DecisionRow> {
    const conditions = ['decision_outcome IS NOT NULL'];
    if (query.fromMs !== undefined) conditions.push(`event_time >= epoch_ms(${integer(query.fromMs)}::BIGINT)`);
    if (query.toMs !== undefined) conditions.push(`event_time < epoch_ms(${integer(query.toMs)}::BIGINT)`);
    for (const lane of this.#lanesOf(query)) {
      for await (const { decision } of this.#rows(lane, conditions.join(' AND '), { columns: readColumns })) if (decision !== undefined) yield decision;
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

  override compact(): Promise<number> { return this.#joinAll((files) => joinable(files, { filesMin: 2, recordsMax: joinedRecordsMax })); }

  /** What is worth joining without being asked for: all of a day that is over, and of the present one many small files. */
  tidy(nowMs: number): Promise<number> {
    const today = dayOf(nowMs);
    return this.#joinAll((files) => [
      ...joinable(files.filter(({ day }) => day < today), { filesMin: 2, recordsMax: joinedRecordsMax }),
      ...joinable(files.filter(({ day }) => day >= today), { filesMin: tierFiles, recordsMax: this.#rowsPerFile }),
      ...joinable(files.filter(({ day }) => day >= today), { filesMin: tierFiles, recordsMax: this.#rowsPerFile * tierFiles }),
    ]);
  }

  override async close(): Promise<void> {
    if (!this.#readOnly) await this.flush();
    await this.#writing;
    const database = await this.#database;
    database?.writer.closeSync();
    database?.instance.closeSync();
  }

  #lanesOf({ lane }: { readonly lane?: number | undefined }): readonly number[] {
    if (this.#readOnly) this.#files.refresh();
    return lane === undefined ? this.#files.lanes() : [lane];
  }

  #joinAll(groupsOf: (files: readonly HistoryFile[]) => readonly (readonly HistoryFile[])[]): Promise<number> {
    return this.#exclusive(async () => {
      let less = 0;
      for (const lane of this.#files.lanes()) {
        for (const group of groupsOf(this.#files.of(lane))) {
          if (!group.every((file) => this.#files.of(lane).includes(file))) continue; // joined by a group before
          await this.#join(group);
          less += group.length - 1;
        }
      }
      return less;
    });
  }

  /** Puts what is new into the file that is being written. When that fails all of it since the last whole file has to come again. */
  #take({ lane, records, decisions }: HistoryBatch): void {
    const decisionByOffset = new Map(decisions.map((decision) => [decision.offset, decision]));
    const taken = this.#openByLane.get(lane)?.last ?? this.#files.last(lane);
    try {
      for (const record of records) {
        if (record.offset <= taken) continue;
        const day = Math.floor(record.appendedAtMs / dayMs);
        if (this.#openByLane.has(lane) && this.#openByLane.get(lane)?.day !== day) this.#end(lane);
        const file = this.#openByLane.get(lane) ?? this.#begin(lane, day, record.offset), row = { record, decision: decisionByOffset.get(record.offset) };
        const packed = this.#unpacking === undefined ? undefined : row.decision?.packed;
        if (packed !== undefined) this.#files.keepLayout(packed.layoutId, packed.layout());
        addRow(file.writer.chunks, row, this.#unpacking);
        file.last = record.offset;
        file.groupRows++;
        if (file.groupRows === rowsPerGroup || (file.groupRows % 256 === 0 && file.writer.chunks.reduce((sum, { bytes }) => sum + bytes, 0) > groupBytesMax)) this.#endGroup(file);
        if (file.rows + file.groupRows >= this.#rowsPerFile) this.#end(lane);
      }
    } catch (cause) { this.#fail(lane, cause); }
  }

  #begin(lane: number, day: number, first: number): OpenFile {
    const path = this.#files.temporary(), file = { path, day, first, last: first, rows: 0, groupRows: 0, writer: new ParquetWriter(path, historyColumns, this.#freeChunks.pop()) };
    this.#openByLane.set(lane, file);
    return file;
  }

  #endGroup(file: OpenFile): void {
    file.writer.endGroup(file.groupRows);
    file.rows += file.groupRows;
    file.groupRows = 0;
  }

  /** The file is whole and gets its name. */
  #end(lane: number): void {
    const file = this.#openByLane.get(lane);
    if (file === undefined) return;
    try {
      this.#endGroup(file);
      file.writer.finish();
      this.#files.publish(file.path, { lane, day: dayOf(file.day * dayMs), first: file.first, last: file.last });
      this.#openByLane.delete(lane);
      this.#freeChunks.push(file.writer.chunks);
    } catch (cause) { this.#fail(lane, cause); }
  }

  #fail(lane: number, cause: unknown): never {
    const file = this.#openByLane.get(lane);
    this.#openByLane.delete(lane);
    if (file !== undefined) {
      file.writer.abandon();
      rmSync(file.path, { force: true });
    }
    if (cause instanceof WeirError) throw cause;
    throw new WeirError('WEIR_HISTORY_FAILED', `writing history of lane ${lane} failed: ${messageOf(cause)}`, { cause, retriable: true });
  }

  async *#rows(lane: number, condition: string, { columns, fromOffset = 0, toOffset = Infinity }: { readonly columns: string; readonly fromOffset?: number; readonly toOffset?: number }): AsyncIterable<HistoryRow> {
    let next = fromOffset, rereads = 0;
    if (this.#readOnly) this.#files.refresh();
    for (let file = this.#files.at(lane, next); file !== undefined && file.first < toOffset; file = this.#files.at(lane, next)) {
      let begun = false;
      try {
        // A file may hold more than the one that was to be read: it was joined from it and others before.
        for await (const row of this.#rowsOf(file, file.first < next ? both(condition, `record_offset >= ${integer(next)}`) : condition, columns)) { begun = true; yield row; }
      } catch (error) {
        // Whoever writes has put it into a larger one meanwhile.
        if (begun || rereads++ >= rereadsMax || !(error instanceof WeirError)) throw error;
        if (this.#readOnly) this.#files.refresh();
        continue;
      }
      rereads = 0;
      next = file.last + 1;
      if (this.#readOnly && this.#files.at(lane, next) === undefined) this.#files.refresh();
    }
  }

  async *#rowsOf(file: HistoryFile, condition: string, columns: string): AsyncIterable<HistoryRow> {
    const { instance } = await this.#open(), reader = await instance.connect();
    const layout = (id: string): string => this.#files.layout(id);
    try {
      const result = await reader.stream(`SELECT ${columns} FROM read_parquet(${quoted(file.path)}) ${condition === '' ? '' : `WHERE ${condition}`}`);
      for (let chunk = await result.fetchChunk(); chunk !== null && chunk !== undefined && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        const values: ReadonlyArray<readonly DuckDBValue[]> = chunk.getColumns();
        for (let at = 0; at < chunk.rowCount; at++) yield readRow(values, at, layout, this.#unpacking);
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
    const path = this.#files.temporary(), size = last.last - first.first + 1;
    const parts = group.map((file) => ({ file, groups: readRowGroups(file.path, historyColumns) })), groupCount = parts.reduce((sum, { groups }) => sum + (groups?.length ?? 0), 0);
    if (parts.every(({ groups }) => groups !== undefined) && size >= groupCount * (rowsPerGroup / 4)) {
      // Row groups that are large enough stay as they are.
      const writer = new ParquetWriter(path, historyColumns, []);
      try {
        for (const { file, groups } of parts) {
          writer.copyGroups(file.path, groups ?? []);
          await nextTurn();
        }
        writer.finish();
      } catch (error) {
        writer.abandon();
        throw error;
      }
    } else {
      const { writer } = await this.#open();
      await writer.run(`COPY (SELECT * FROM read_parquet([${group.map((file) => quoted(file.path)).join(', ')}])) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowsPerGroup})`);
      sync(path);
    }
    this.#files.publish(path, { lane: first.lane, day: first.day, first: first.first, last: last.last }, group);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.then(() => undefined, () => undefined);
    return done;
  }

  #open(): Promise<{ readonly instance: DuckDBInstance; readonly writer: DuckDBConnection }> {
    // One thread: rows keep their order, and the hot path keeps its core.
    return (this.#database ??= DuckDBInstance.create(':memory:', { threads: '1', memory_limit: databaseMemory }).then(async (instance) => ({ instance, writer: await instance.connect() })));
  }
}

/** Runs of neighbouring files of one day that are worth joining: at least so many, each of fewer records than the bound. */
function joinable(files: readonly HistoryFile[], { filesMin, recordsMax }: { readonly filesMin: number; readonly recordsMax: number }): HistoryFile[][] {
  const groups: HistoryFile[][] = [];
  let group: HistoryFile[] = [];
  const end = (): void => {
    if (group.length >= filesMin) groups.push(group);
    group = [];
  };
  for (const file of files) {
    const [first] = group;
    const fits = first !== undefined && first.day === file.day && file.first === (group.at(-1)?.last ?? -2) + 1 && group.length < joinFilesMax && file.last - first.first < joinedRecordsMax;
    if (!fits) end();
    if (file.last - file.first < recordsMax) group.push(file);
    else end();
  }
  end();
  return groups;
}

const both = (one: string, other: string): string => (one === '' ? other : `${one} AND ${other}`);
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const integer = (value: number): string => String(Math.trunc(value));
const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
