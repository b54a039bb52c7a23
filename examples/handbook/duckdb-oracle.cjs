#!/usr/bin/env node
/**
 * Compares features of this folder's definitions with the same features in SQL written by hand (duckdb-oracle.sql), over a file of transactions
 * (columns transaction_id, event_time in ms, customer_id, terminal_id, amount with two decimals), every row and every value.
 *   node examples/handbook/duckdb-oracle.cjs FILE.csv[.gz]
 * Exit 1 when anything differs. Counts, sums, maxima, distinct counts and seconds must be equal; means and deviations to 12 digits, for SQL rounds on the way.
 */
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const { tmpdir } = require('node:os');
const { DuckDBInstance } = require('@duckdb/node-api');

const rounded = new Set(['amount_avg_30d', 'amount_stddev_30d']);
const same = (name, sql, ours) => sql === ours || (rounded.has(name) && sql !== null && ours !== null && Math.abs(sql - ours) <= 1e-12 * Math.max(1, Math.abs(sql)));

/** Gives how many rows and values were compared, and the first differences. `answers`: lines of `weir features` for every transaction of the file, in its order. */
async function compare(file, answers, { differencesMax = 20 } = {}) {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '4GB' });
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE events AS SELECT row_number() OVER () AS n, transaction_id::VARCHAR AS id, event_time::BIGINT AS t, customer_id AS customer, terminal_id AS terminal, round(amount::DOUBLE * 100)::BIGINT AS amount
    FROM read_csv('${file.replaceAll("'", "''")}', header = true, all_varchar = true)`);
  const result = await connection.stream(readFileSync(join(__dirname, 'duckdb-oracle.sql'), 'utf8')), names = result.columnNames();
  const found = { rows: 0, values: 0, different: 0, differences: [] };
  const lines = answers[Symbol.asyncIterator]();
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const columns = chunk.getColumns();
    for (let row = 0; row < chunk.rowCount; row += 1) {
      const { value: line } = await lines.next();
      const { transaction_id: id, features } = JSON.parse(line ?? '{}');
      found.rows += 1;
      names.forEach((name, column) => {
        const raw = columns[column][row], sql = raw === null ? null : typeof raw === 'string' ? raw : Number(raw.toString());
        if (name === 'id') { if (sql !== String(id)) throw new Error(`row ${found.rows}: ${sql} in SQL, ${id} from weir`); return; }
        found.values += 1;
        // Ours asks since ever, SQL since 30 days: beyond them there is nothing to compare.
        const ours = name === 'idle_seconds_30d' ? (features.idle_seconds !== null && features.idle_seconds < 30 * 86_400 ? features.idle_seconds : null) : features[name];
        if (same(name, sql, ours)) return;
        found.different += 1;
        if (found.differences.length < differencesMax) found.differences.push(`${id} ${name}: ${sql} in SQL, ${ours} from weir`);
      });
    }
  }
  if (!(await lines.next()).done) throw new Error('weir answered more rows than SQL');
  connection.closeSync();
  instance.closeSync();
  return found;
}

async function main(file) {
  const root = join(__dirname, '../..'), folder = mkdtempSync(join(tmpdir(), 'weir-oracle-')), at = join(folder, 'at.csv');
  try {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(`COPY (SELECT transaction_id, customer_id, terminal_id, event_time AS time FROM read_csv('${file.replaceAll("'", "''")}', header = true, all_varchar = true)) TO '${at}' (HEADER)`);
    const weir = spawn(join(root, 'weir'), ['features', '--definitions', join(__dirname, 'definitions.yaml'), '--events', file, '--at', at], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { rows, values, different, differences } = await compare(file, createInterface({ input: weir.stdout }));
    for (const difference of differences) console.log(difference);
    console.log(`${rows} rows, ${values} values: ${different} different`);
    process.exitCode = different === 0 ? 0 : 1;
  } finally { rmSync(folder, { recursive: true, force: true }); }
}

module.exports = { compare };
if (require.main === module) {
  if (process.argv[2] === undefined) { console.error('usage: node examples/handbook/duckdb-oracle.cjs FILE.csv[.gz]'); process.exit(2); }
  main(process.argv[2]).catch((error) => { console.error(error); process.exit(2); });
}
