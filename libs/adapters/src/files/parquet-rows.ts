import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { mkdtemp, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';
import type { FileRow } from './row-files';

const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;

async function withDuckDb<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try { return await work(connection); } finally { connection.closeSync(); instance.closeSync(); }
}

/** Rows of a Parquet file in its order. 64-bit integers beyond 2^53 come as text, timestamps as ISO text. */
export async function* readParquetRows(path: string, batchRows: number): AsyncGenerator<readonly FileRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const result = await connection.stream(`SELECT * FROM read_parquet(${quoted(path)})`);
    const names = result.columnNames();
    let line = 0;
    let batch: FileRow[] = [];
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk !== undefined && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      const columns = chunk.getColumns();
      for (let index = 0; index < chunk.rowCount; index += 1) {
        line += 1;
        const row: Record<string, unknown> = {};
        names.forEach((name, column) => { row[name] = plainValue(columns[column]?.[index]); });
        batch.push({ row, line, json: undefined });
        if (batch.length === batchRows) { yield batch; batch = []; }
      }
    }
    if (batch.length > 0) yield batch;
  } catch (cause) {
    throw new WeirError('WEIR_INPUT_INVALID', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally { connection.closeSync(); instance.closeSync(); }
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
  if (typeof value === 'object' && value !== null && 'micros' in value && typeof value.micros === 'bigint') return new Date(Number(value.micros / 1000n)).toISOString();
  if (typeof value === 'object' && value !== null && 'toString' in value && !Array.isArray(value)) return String(value);
  return value ?? null;
}

/** Writes rows by way of a JSON-lines file beside the result: DuckDB finds the types. */
export async function writeParquetRows(path: string, rows: AsyncIterable<Readonly<Record<string, unknown>>> | Iterable<Readonly<Record<string, unknown>>>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-parquet-'));
  try {
    const lines = join(folder, 'rows.jsonl');
    const out = createWriteStream(lines);
    let count = 0;
    for await (const row of rows) {
      count += 1;
      if (!out.write(`${JSON.stringify(row)}\n`)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'close');
    await withDuckDb((connection) => connection.run(`COPY (SELECT * FROM read_json(${quoted(lines)}, format='newline_delimited', sample_size=-1, convert_strings_to_integers=false)) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`));
    return count;
  } finally { await rm(folder, { recursive: true, force: true }); }
}
