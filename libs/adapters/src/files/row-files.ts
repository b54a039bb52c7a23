import { createReadStream, createWriteStream, existsSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { parse as csvParser } from 'csv-parse';
import { stringify as csvStringify } from 'csv-stringify';
import { WeirError } from '@weir/contracts';
import { readParquetRows, writeParquetRows } from './parquet-rows';

/** One row of a file: an object by column, and where it stands. Values of a CSV are text; an empty one is null. */
export interface FileRow {
  readonly row: Readonly<Record<string, unknown>>;
  /** Line in the file, from 1 (a row's number in Parquet). */
  readonly line: number;
  /** The row as JSON text, where the file holds it so. */
  readonly json: string | undefined;
}

export type RowFormat = 'jsonl' | 'csv' | 'parquet';

/** Rows handed over at once. */
const fileBatchRows = 1_000;
const lineCharsMax = 1 << 20;

/** By the ending: `.jsonl` (`.ndjson`, `.json`), `.csv`, `.parquet`, the first two also with `.gz`. @throws WeirError WEIR_USAGE. */
export function rowFormatOf(path: string): { readonly format: RowFormat; readonly gzip: boolean } {
  const gzip = path.endsWith('.gz');
  const name = (gzip ? path.slice(0, -3) : path).toLowerCase();
  if (/\.(jsonl|ndjson|json)$/.test(name)) return { format: 'jsonl', gzip };
  if (name.endsWith('.csv')) return { format: 'csv', gzip };
  if (name.endsWith('.parquet') && !gzip) return { format: 'parquet', gzip };
  throw new WeirError('WEIR_USAGE', `${path}: the ending says what a file holds: .jsonl, .csv (also .gz) or .parquet`);
}

/**
 * The rows of a file in its order, in batches of at most `fileBatchRows`, read as they are asked for.
 * @throws WeirError WEIR_USAGE for a missing file, WEIR_INPUT_INVALID naming file and line for what can't be read.
 */
export async function* readRowBatches(path: string): AsyncGenerator<readonly FileRow[]> {
  const { format, gzip } = rowFormatOf(path);
  if (format !== 'parquet') { yield* readBytes(path, gzip, (bytes) => (format === 'jsonl' ? jsonLines(path, bytes) : csvRows(path, bytes))); return; }
  needFile(path);
  yield* readParquetRows(path, fileBatchRows);
}

export interface TextLine { /** From 1. */ readonly line: number; readonly text: string }

/** The lines of a text file (`.gz` too), in batches, empty ones left out; what they hold is the reader's business. @throws as `readRowBatches`. */
export async function* readLineBatches(path: string): AsyncGenerator<readonly TextLine[]> {
  yield* readBytes(path, path.endsWith('.gz'), (bytes) => textLines(path, bytes));
}

async function* readBytes<T>(path: string, gzip: boolean, read: (bytes: Readable) => AsyncGenerator<T>): AsyncGenerator<T> {
  needFile(path);
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const bytes: Readable = gzip ? file.pipe(createGunzip({ chunkSize: 1 << 18 })) : file;
  if (gzip) file.on('error', (error) => bytes.destroy(error));
  try {
    yield* read(bytes);
  } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    throw new WeirError('WEIR_INPUT_INVALID', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally { file.destroy(); }
}

function needFile(path: string): void {
  if (!existsSync(path)) throw new WeirError('WEIR_USAGE', `${path}: no such file`);
}

async function* textLines(path: string, bytes: Readable): AsyncGenerator<readonly TextLine[]> {
  let rest = '';
  let line = 0;
  let batch: TextLine[] = [];
  const take = (text: string): void => {
    line += 1;
    if (text.trim() !== '') batch.push({ line, text });
  };
  bytes.setEncoding('utf8');
  for await (const chunk of bytes as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineCharsMax) throw fault(path, line + 1, 'line', `at most ${lineCharsMax} characters`, `${rest.length} and more`);
    for (const text of lines) {
      take(text);
      if (batch.length === fileBatchRows) { yield batch; batch = []; }
    }
  }
  take(rest);
  if (batch.length > 0) yield batch;
}

async function* jsonLines(path: string, bytes: Readable): AsyncGenerator<readonly FileRow[]> {
  for await (const batch of textLines(path, bytes)) yield batch.map(({ line, text }) => jsonRow(path, line, text));
}

function jsonRow(path: string, line: number, text: string): FileRow {
  let row: unknown;
  try { row = JSON.parse(text); } catch (cause) { throw fault(path, line, 'line', 'a JSON object', cause instanceof Error ? cause.message : text.slice(0, 80)); }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw fault(path, line, 'line', 'a JSON object', text.slice(0, 80));
  return { row: { ...row }, line, json: text };
}

async function* csvRows(path: string, bytes: Readable): AsyncGenerator<readonly FileRow[]> {
  const parser = bytes.pipe(csvParser({ columns: true, skip_empty_lines: true, bom: true, info: true, cast: (value) => (value === '' ? null : value) }));
  bytes.on('error', (error) => parser.destroy(error));
  let batch: FileRow[] = [];
  for await (const { record, info } of parser as AsyncIterable<{ record: Record<string, unknown>; info: { lines: number } }>) {
    batch.push({ row: record, line: info.lines, json: undefined });
    if (batch.length === fileBatchRows) { yield batch; batch = []; }
  }
  if (batch.length > 0) yield batch;
}

const fault = (path: string, line: number, field: string, expected: string, got: string): WeirError =>
  new WeirError('WEIR_INPUT_INVALID', `${path}:${line}: ${field}: expected ${expected}, got ${got}`, { findings: [{ where: `${path}:${line}`, field, expected, got }] });

/**
 * Writes rows as they come; the columns are those of the first row. Missing values are empty (CSV) or null.
 * @throws WeirError WEIR_USAGE for an unknown ending; the system's error for a path that cannot be written.
 */
export async function writeRows(path: string, rows: AsyncIterable<Readonly<Record<string, unknown>>> | Iterable<Readonly<Record<string, unknown>>>): Promise<number> {
  const { format, gzip } = rowFormatOf(path);
  if (format === 'parquet') return writeParquetRows(path, rows);
  const out = createWriteStream('', { fd: openSync(path, 'w') }); // opened here: a path that cannot be written rejects, where a stream would throw by itself
  const packed: Writable = gzip ? createGzip() : out;
  const done = gzip ? pipeline(packed as ReturnType<typeof createGzip>, out) : once(out, 'close').then(() => undefined);
  const csv = format === 'csv' ? csvStringify({ header: true, cast: { boolean: (value) => (value ? 'true' : 'false') } }) : undefined;
  const sink: Writable = csv ?? packed;
  if (csv) csv.pipe(packed);
  let count = 0;
  for await (const row of rows) {
    count += 1;
    const room = csv ? csv.write(row) : packed.write(`${JSON.stringify(row)}\n`);
    if (!room) await once(sink, 'drain');
  }
  sink.end();
  await done;
  return count;
}
