import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { forSeedsAsync } from '@weir/testkit';
import type { ParquetColumn, ParquetValue } from './column-chunk';
import { ParquetWriter } from './parquet-writer';

const columns: readonly ParquetColumn[] = [
  { name: 'n', type: 'integer' }, { name: 'at', type: 'time' }, { name: 'x', type: 'number' }, { name: 'yes', type: 'boolean' }, { name: 'word', type: 'text', repeats: true }, { name: 'text', type: 'text' },
  { name: 'raw', type: 'bytes' }, { name: 'words', type: 'text', list: true, repeats: true }, { name: 'numbers', type: 'number', list: true },
];

describe('a Parquet file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-parquet-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives every value back to another reader, nulls and empty lists too', async () => {
    await forSeedsAsync(3, async (random) => {
      const path = join(folder, `any-${random.int(0, 1e9)}.parquet`), rows: ParquetValue[][] = [], lists: Array<[readonly string[] | null, readonly (number | null)[] | null]> = [];
      const stickiness = random.pick([0, 0.5, 0.98]), wordCount = random.pick([1, 2, 300]);
      const maybe = <T>(make: () => T): T | null => (random.chance(0.1) ? null : make());
      for (let row = 0; row < 1_500; row++) {
        const word = row > 0 && random.chance(stickiness) ? (rows[row - 1]?.[4] ?? null) : maybe(() => `w${random.int(0, wordCount)}`);
        rows.push([maybe(() => random.int(-1_000, 1_000) * 9_007_199_254_740), maybe(() => random.int(0, 2_000_000_000_000)), maybe(() => random.float() * 10 ** random.int(-20, 20)), maybe(() => random.chance(0.5)), word, maybe(() => 'ü"\n'.repeat(random.int(0, 5))), maybe(() => Uint8Array.from({ length: random.int(0, 40) }, () => random.int(0, 255)))]);
        lists.push([maybe(() => Array.from({ length: random.int(0, 3) }, () => `l${random.int(0, wordCount)}`)), maybe(() => Array.from({ length: random.int(0, 30) }, () => maybe(() => random.float())))]);
      }
      const writer = new ParquetWriter(path, columns);
      rows.forEach((row, index) => {
        row.forEach((value, column) => writer.chunks[column]?.add(value));
        const [words, numbers] = lists[index] ?? [null, null];
        writer.chunks[7]?.addList(words);
        writer.chunks[8]?.addList(numbers);
        if (index === 800) writer.endGroup(801);
      });
      writer.endGroup(rows.length - 801);
      writer.finish();
      const instance = await DuckDBInstance.create(':memory:', { threads: '1' }), connection = await instance.connect();
      const read = await connection.runAndReadAll(`SELECT n::VARCHAR, epoch_ms("at")::DOUBLE, x, yes, word, text, hex(raw), to_json(words)::VARCHAR, to_json(numbers)::VARCHAR FROM read_parquet('${path}')`);
      const found = read.getRowsJS();
      connection.closeSync();
      instance.closeSync();
      const wanted = rows.map(([n = null, at, x, yes, word, text, raw], index) => {
        const [words, numbers] = lists[index] ?? [null, null];
        return [n === null ? null : String(n), at, x, yes, word, text, raw instanceof Uint8Array ? Buffer.from(raw).toString('hex').toUpperCase() : null, words && JSON.stringify(words), numbers && JSON.stringify(numbers)];
      });
      const json = (value: unknown): unknown => (typeof value === 'string' ? JSON.stringify(JSON.parse(value)) : value);
      const texts = found.map((row) => JSON.stringify([...row.slice(0, 7), json(row[7]), json(row[8])]));
      expect(texts.findIndex((text, index) => text !== JSON.stringify(wanted[index]))).toBe(-1);
      expect(texts.length).toBe(rows.length);
    });
  });
});
