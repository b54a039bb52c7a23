import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBDataChunk, DuckDBInstance, BIGINT, INTEGER, type DuckDBConnection } from '@duckdb/node-api';
import type { StreamEvent } from '@weir/contracts';
import { documentsFromJson, resolveSet } from '@weir/definitions';
import { pointInTime, type PointInTimeRow } from '@weir/features';
import { cpuMicros, round, type Figure } from '../src/bench/figures';
import { featuresOfFile } from '../src/commands/offline';
import { LineWriter } from '../src/terminal';

const hourMs = 3_600_000, cards = 10_000, merchants = 10_000, days = 30;
const windowsOf = { card: ['1h', '24h', '30d'], merchant: ['1h', '24h', '7d'] } as const, msOf: Readonly<Record<string, number>> = { '1h': hourMs, '24h': 24 * hourMs, '7d': 168 * hourMs, '30d': 720 * hourMs };
const aggregatesOf = { card: ['count', 'sum', 'avg', 'min', 'max', 'stddev'], merchant: ['count', 'sum', 'avg', 'max'] } as const;
const sqlOf: Readonly<Record<string, string>> = { count: 'count(amount)', sum: 'sum(amount)', avg: 'avg(amount)', min: 'min(amount)', max: 'max(amount)', stddev: 'stddev_samp(amount)' };
const entities = ['card', 'merchant'] as const;

const named = entities.flatMap((entity) => aggregatesOf[entity].flatMap((agg) => windowsOf[entity].map((window) => ({ name: `${entity}_${agg}_${window}`, entity, agg, window })))), names = named.map(({ name }) => name);
const windowColumns = named.map(({ name, entity, agg, window }) => `${sqlOf[agg] ?? ''} OVER (PARTITION BY ${entity} ORDER BY t RANGE BETWEEN ${(msOf[window] ?? 0) - 1} PRECEDING AND CURRENT ROW) AS ${name}`);

const documents = [
  { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true, fields: { transaction_id: 'string!', card: 'int', merchant: 'int', amount: 'money!' } },
  ...entities.flatMap((entity) => [
    { kind: 'Entity', name: entity, key: entity },
    { kind: 'FeatureView', name: `v_${entity}`, entity, source: 'transactions', features: aggregatesOf[entity].map((agg) => ({ name: `${entity}_${agg}`, agg, ...(agg === 'count' ? {} : { of: 'amount' }), windows: [...windowsOf[entity]] })) },
  ]),
];
const set = resolveSet(documentsFromJson(documents));

interface Columns { readonly times: Float64Array; readonly cards: Int32Array; readonly merchants: Int32Array; readonly amounts: Int32Array }

/** The same rows, at random times over 30 days of events, answered by the kernel that serves decisions and by SQL window functions in DuckDB, both on one thread, and compared. */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const random = numbers(4), eventCount = quick ? 50_000 : 500_000, rowCount = quick ? 100_000 : 1_000_000;
  const events = columnsOf(eventCount, random, true), rows = columnsOf(rowCount, random, false);
  const work = `${rowCount} rows of a card and a merchant at random times, 30 features (count, sum, avg, min, max, stddev over 1h to 30d), ${eventCount} events over ${days} days; all in memory, one thread`;
  const ours = await answered(events, rows);
  yield { bench: 'point-in-time', metric: 'cpu_per_item', value: round(ours.cpu / rowCount), unit: 'us', n: rowCount, work };
  yield { bench: 'point-in-time', metric: 'throughput', value: round(rowCount * 1e6 / ours.cpu), unit: '/s', n: rowCount, work: `${work}; by CPU time` };
  const known = await answered(events, rows, true);
  yield { bench: 'point-in-time', metric: 'cpu_per_item', value: round(known.cpu / rowCount), unit: 'us', n: rowCount, work: `${work}; as known` };
  const sql = await inSql(events, rows, ours.sums);
  const sqlWork = `${work}; the same in DuckDB SQL (window functions over rows and events together, RANGE frames), ${sql.agree ? 'its sums of all columns equal ours' : 'ITS SUMS DIFFER FROM OURS'}`;
  yield { bench: 'point-in-time', metric: 'duckdb_cpu_per_item', value: round(sql.cpu / rowCount), unit: 'us', n: rowCount, work: sqlWork };
  yield { bench: 'point-in-time', metric: 'duckdb_throughput', value: round(rowCount * 1e6 / sql.cpu), unit: '/s', n: rowCount, work: `${sqlWork}; by CPU time` };
  yield* fromFileToFile(events, rows, ours.sums);
}

/** What `weir features` does from file to file (reading, typing, judging events as ingest does, answering, statuses, writing), and the query in DuckDB from and to the same files. */
async function* fromFileToFile(events: Columns, rows: Columns, sums: readonly number[]): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-')), path = (name: string): string => join(folder, name), count = rows.times.length;
  try {
    writeFileSync(path('set.json'), JSON.stringify(documents));
    await writeLines(path('events.jsonl'), events, (at, time) => `{"transaction_id":"t${at}","event_time":${time},"card":${events.cards[at] ?? 0},"merchant":${events.merchants[at] ?? 0},"amount":${events.amounts[at] ?? 0}}`);
    await writeLines(path('rows.jsonl'), rows, (at, time) => `{"card":${rows.cards[at] ?? 0},"merchant":${rows.merchants[at] ?? 0},"time":${time}}`);
    const work = `${count} rows × 30 features from rows.jsonl over events.jsonl (${events.times.length} events) to answers.jsonl`;
    const before = cpuMicros();
    await featuresOfFile({ definitions: path('set.json'), events: path('events.jsonl'), at: path('rows.jsonl') }, createWriteStream(path('answers.jsonl')));
    const cpu = cpuMicros() - before;
    yield { bench: 'point-in-time', metric: 'file_cpu_per_item', value: round(cpu / count), unit: 'us', n: count, work: `weir features: ${work}, with statuses` };
    yield { bench: 'point-in-time', metric: 'file_throughput', value: round(count * 1e6 / cpu), unit: '/s', n: count, work: `weir features: ${work}, with statuses; by CPU time` };
    const sql = await inSqlByFile(path, sums);
    const sqlWork = `DuckDB: ${work}, values alone; ${sql.agree ? 'its sums of all columns equal ours' : 'ITS SUMS DIFFER FROM OURS'}`;
    yield { bench: 'point-in-time', metric: 'duckdb_file_cpu_per_item', value: round(sql.cpu / count), unit: 'us', n: count, work: sqlWork };
    yield { bench: 'point-in-time', metric: 'duckdb_file_throughput', value: round(count * 1e6 / sql.cpu), unit: '/s', n: count, work: `${sqlWork}; by CPU time` };
  } finally { rmSync(folder, { recursive: true, force: true }); }
}

async function writeLines(path: string, { times }: Columns, lineOf: (at: number, timeMs: number) => string): Promise<void> {
  const out = createWriteStream(path), lines = new LineWriter(out);
  for (const [at, timeMs] of times.entries()) await lines.write(lineOf(at, timeMs));
  await lines.flush();
  out.end();
  await once(out, 'close');
}

async function inSqlByFile(path: (name: string) => string, sums: readonly number[]): Promise<{ readonly cpu: number; readonly agree: boolean }> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' }), connection = await instance.connect();
  try {
    const before = cpuMicros();
    await connection.run(`COPY (SELECT * EXCLUDE (n, is_row) FROM (SELECT n, is_row, card, merchant, t AS time, ${windowColumns.join(', ')} FROM (
      SELECT 0 AS n, event_time AS t, card, merchant, amount, false AS is_row FROM read_json('${path('events.jsonl')}', columns = {event_time: 'BIGINT', card: 'INTEGER', merchant: 'INTEGER', amount: 'BIGINT'})
      UNION ALL SELECT row_number() OVER () AS n, time AS t, card, merchant, NULL AS amount, true AS is_row FROM read_json('${path('rows.jsonl')}', columns = {time: 'BIGINT', card: 'INTEGER', merchant: 'INTEGER'})
    )) WHERE is_row ORDER BY n) TO '${path('duckdb.jsonl')}' (FORMAT json)`);
    const cpu = cpuMicros() - before;
    const totals = (await connection.runAndReadAll(`SELECT ${names.map((name) => `sum(TRY_CAST("${name}" AS DOUBLE))`).join(', ')} FROM read_json('${path('duckdb.jsonl')}', sample_size = -1)`)).getRowsJS()[0] ?? [];
    const written = (await connection.runAndReadAll(`SELECT ${names.map((name) => `sum(TRY_CAST(features."${name}" AS DOUBLE))`).join(', ')} FROM read_json('${path('answers.jsonl')}', sample_size = -1)`)).getRowsJS()[0] ?? [];
    return { cpu, agree: agree(totals, sums) && agree(written, sums) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const agree = (totals: readonly unknown[], sums: readonly number[]): boolean => totals.length === sums.length && totals.every((total, index) => Math.abs(Number(total) - (sums[index] ?? NaN)) <= 1e-9 * Math.abs(Number(total)));

async function answered(events: Columns, rows: Columns, asKnown = false): Promise<{ readonly cpu: number; readonly sums: readonly number[] }> {
  const fields = set.sources.get('transactions')?.fields ?? [];
  const stream = Array.from(events.times, (timeMs, index): StreamEvent => ({
    source: 'transactions', id: `t${index}`, timeMs, reportedTimeMs: timeMs, receivedAtMs: timeMs + (index % 10 === 0 ? 5_000 : 0), values: fields.map(({ name }) => ({ transaction_id: `t${index}`, event_time: timeMs, card: events.cards[index] ?? 0, merchant: events.merchants[index] ?? 0, amount: events.amounts[index] ?? 0 })[name] ?? null), marks: [], extra: undefined,
  }));
  const asked = Array.from(rows.times, (timeMs, index): PointInTimeRow => ({ keys: { card: rows.cards[index] ?? 0, merchant: rows.merchants[index] ?? 0 }, timeMs, eventIndex: -1 }));
  let values: Float64Array | undefined;
  const before = cpuMicros();
  pointInTime(set, stream, asked, { asKnown, asDecided: false }, ({ rowIndex, vector }) => {
    values ??= new Float64Array(rows.times.length * vector.numbers.length);
    values.set(vector.numbers, rowIndex * vector.numbers.length);
  });
  const cpu = cpuMicros() - before, size = (values?.length ?? 0) / rows.times.length, sums = new Array<number>(size).fill(0);
  values?.forEach((value, at) => { if (!Number.isNaN(value)) sums[at % size] = (sums[at % size] ?? 0) + value; });
  await Promise.resolve();
  return { cpu, sums };
}

async function inSql(events: Columns, rows: Columns, sums: readonly number[]): Promise<{ readonly cpu: number; readonly agree: boolean }> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' }), connection = await instance.connect();
  try {
    await load(connection, 'events', events);
    await load(connection, 'asked', rows);
    const before = cpuMicros();
    await connection.run(`CREATE TABLE answers AS SELECT * FROM (SELECT n, is_row, ${windowColumns.join(', ')} FROM (SELECT n, t, card, merchant, amount, false AS is_row FROM events UNION ALL SELECT n, t, card, merchant, NULL AS amount, true AS is_row FROM asked)) WHERE is_row ORDER BY n`);
    const cpu = cpuMicros() - before;
    const totals = (await connection.runAndReadAll(`SELECT ${names.map((name) => `sum(${name})::DOUBLE`).join(', ')} FROM answers`)).getRowsJS()[0] ?? [];
    return { cpu, agree: agree(totals, sums) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function load(connection: DuckDBConnection, table: string, { times, cards: ofCards, merchants: ofMerchants, amounts }: Columns): Promise<void> {
  await connection.run(`CREATE TABLE ${table} (n INTEGER, t BIGINT, card INTEGER, merchant INTEGER, amount BIGINT)`);
  const appender = await connection.createAppender(table), size = 2_048;
  for (let from = 0; from < times.length; from += size) {
    const part = (column: ArrayLike<number>): number[] => Array.from({ length: Math.min(size, times.length - from) }, (_, index) => column[from + index] ?? 0);
    const numbersOf = part(times), chunk = DuckDBDataChunk.create([INTEGER, BIGINT, INTEGER, INTEGER, BIGINT], numbersOf.length);
    chunk.setColumns([numbersOf.map((_, index) => from + index), numbersOf.map(BigInt), part(ofCards), part(ofMerchants), part(amounts).map(BigInt)]);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** Events in order of time; rows in any. */
function columnsOf(count: number, random: () => number, inOrder: boolean): Columns {
  const startMs = Date.UTC(2026, 0, 1), spanMs = days * 24 * hourMs, times = Float64Array.from({ length: count }, () => startMs + Math.floor(random() * spanMs));
  const any = (below: number): Int32Array => Int32Array.from({ length: count }, () => Math.floor(random() * below));
  return { times: inOrder ? times.sort() : times, cards: any(cards), merchants: any(merchants), amounts: any(100_000) };
}

/** The same numbers everywhere. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 4_294_967_296;
}
