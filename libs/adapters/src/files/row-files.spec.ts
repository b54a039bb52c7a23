import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRowBatches, writeRows, type FileRow } from './index';

describe('files of rows', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'weir-files-')); });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const rowsOf = async (path: string): Promise<FileRow[]> => {
    const rows: FileRow[] = [];
    for await (const batch of readRowBatches(path)) rows.push(...batch);
    return rows;
  };
  const rows = Array.from({ length: 2_345 }, (_, index) => ({ id: `t${index}`, amount: index * 7, ratio: index / 8, text: index % 3 === 0 ? null : `a "b", ${index}` }));

  it.each(['rows.jsonl', 'rows.jsonl.gz', 'rows.parquet'])('%s gives back what was written, in order', async (name) => {
    const path = join(folder, name);
    expect(await writeRows(path, rows)).toBe(rows.length);
    expect((await rowsOf(path)).map(({ row }) => row)).toEqual(rows);
  });

  it.each(['rows.csv', 'rows.csv.gz'])('%s gives text back, and null for what is empty', async (name) => {
    const path = join(folder, name);
    await writeRows(path, rows);
    expect((await rowsOf(path)).map(({ row }) => row)).toEqual(rows.map((row) => ({ id: row.id, amount: String(row.amount), ratio: String(row.ratio), text: row.text })));
  });

  it('names the line of a JSON file that is no object', async () => {
    const path = join(folder, 'broken.jsonl');
    writeFileSync(path, '{"id":"a"}\n\n[1]\n');
    await expect(rowsOf(path)).rejects.toThrow(/broken\.jsonl:3: line: expected a JSON object, got \[1\]/);
  });

  it('keeps the text of a JSON line as it stands', async () => {
    const path = join(folder, 'kept.jsonl.gz');
    writeFileSync(path, gzipSync('{"amount":1e400}\n'));
    expect((await rowsOf(path))[0]?.json).toBe('{"amount":1e400}');
  });

  it.each([['rows.txt', /ending/], ['absent.csv', /no such file/]])('refuses %s', async (name, why) => {
    await expect(rowsOf(join(folder, name))).rejects.toThrow(why);
  });

  it.each(['out.csv', 'out.jsonl', 'out.csv.gz', 'out.parquet'])('a path that cannot be written rejects, and nothing else: %s', async (name) => {
    const nowhere = join(folder, 'no-such-folder', name);
    const error: unknown = await writeRows(nowhere, [{ a: 1 }]).then(() => undefined, (cause: unknown) => cause);
    expect(String((error as Error).message)).toContain(nowhere);
  });
});
