import { DuckDBDataChunk, DuckDBInstance, BIGINT, INTEGER, type DuckDBConnection } from '@duckdb/node-api';
import type { StreamEvent } from '@weir/contracts';
import { documentsFromJson, resolveSet } from '@weir/definitions';
import { pointInTime, type PointInTimeRow } from '@weir/features';
import { cpuMicros, round, type Figure } from '../src/bench/figures';

const hourMs = 3_600_000, cards = 10_000, merchants = 10_000, days = 30;
const windowsOf = { card: ['1h', '24h', '30d'], merchant: ['1h', '24h', '7d'] } as const, msOf: Readonly<Record<string, number>> = { '1h': hourMs, '24h': 24 * hourMs, '7d': 168 * hourMs, '30d': 720 * hourMs };
const aggregatesOf = { card: ['count', 'sum', 'avg', 'min', 'max', 'stddev'], merchant: ['count', 'sum', 'avg', 'max'] } as const;
const sqlOf: Readonly<Record<string, string>> = { count: 'count(amount)', sum: 'sum(amount)', avg: 'avg(amount)', min: 'min(amount)', max: 'max(amount)', stddev: 'stddev_samp(amount)' };
const entities = ['card', 'merchant'] as const;

const set = resolveSet(documentsFromJson([
  { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true, fields: { transaction_id: 'string!', card: 'int', merchant: 'int', amount: 'money!' } },
  ...entities.flatMap((entity) => [
    { kind: 'Entity', name: entity, key: entity },
    { kind: 'FeatureView', name: `v_${entity}`, entity, source: 'transactions', features: aggregatesOf[entity].map((agg) => ({ name: `${entity}_${agg}`, agg, ...(agg === 'count' ? {} : { of: 'amount' }), windows: [...windowsOf[entity]] })) },
  ]),
]));

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
}

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
    const columns = entities.flatMap((entity) => aggregatesOf[entity].flatMap((agg) => windowsOf[entity].map((window) =>
      `${sqlOf[agg] ?? ''} OVER (PARTITION BY ${entity} ORDER BY t RANGE BETWEEN ${(msOf[window] ?? 0) - 1} PRECEDING AND CURRENT ROW) AS ${entity}_${agg}_${window}`)));
    const before = cpuMicros();
    await connection.run(`CREATE TABLE answers AS SELECT * FROM (SELECT n, is_row, ${columns.join(', ')} FROM (SELECT n, t, card, merchant, amount, false AS is_row FROM events UNION ALL SELECT n, t, card, merchant, NULL AS amount, true AS is_row FROM asked)) WHERE is_row ORDER BY n`);
    const cpu = cpuMicros() - before;
    const names = entities.flatMap((entity) => aggregatesOf[entity].flatMap((agg) => windowsOf[entity].map((window) => `${entity}_${agg}_${window}`)));
    const totals = (await connection.runAndReadAll(`SELECT ${names.map((name) => `sum(${name})::DOUBLE`).join(', ')} FROM answers`)).getRowsJS()[0] ?? [];
    return { cpu, agree: totals.length === sums.length && totals.every((total, index) => Math.abs(Number(total) - (sums[index] ?? NaN)) <= 1e-9 * Math.abs(Number(total))) };
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
