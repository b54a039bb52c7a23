import { createHash } from 'node:crypto';
import { readTable, type ChangeRow } from '@weir/adapters/cdc';
import type { Client } from '../client';
import { allPages, objectOf } from '../commands/remote';
import { rowFor, type TableFields } from './table-fields';

/** Rows by number and by content, whatever their order. */
export interface Content { readonly count: number; readonly checksum: string }
export interface Comparison { readonly table: string; readonly source: Content; readonly weir: Content; readonly same: boolean; /** Keys that only one has, or that differ; the first of them. */ readonly different: readonly string[] }

const differentMax = 20;

/** A source's table against the table of Weir that it feeds. A key that Weir keeps as a token is not compared. */
export async function compare(client: Client, url: string, source: string, fields: TableFields): Promise<Comparison> {
  const ours = new Map<string, string>(), theirs = new Map<string, string>();
  for await (const row of allPages(async (cursor) => objectOf(await client.json('GET', `/tables/${encodeURIComponent(fields.table)}/rows?limit=500${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)), 'rows')) {
    ours.set(String(row[fields.key]), canonical(fields, row as ChangeRow));
  }
  await readTable(url, source, (rows) => { for (const row of rows) { const held = rowFor(fields, row); theirs.set(String(held[fields.key]), canonical(fields, held)); } });
  const [weir, of] = [contentOf(ours.values()), contentOf(theirs.values())];
  const different: string[] = [];
  for (const key of new Set([...theirs.keys(), ...ours.keys()])) if (different.length < differentMax && ours.get(key) !== theirs.get(key)) different.push(key);
  return { table: fields.table, source: of, weir, same: weir.count === of.count && weir.checksum === of.checksum, different };
}

/** Fields in the table's order; one that is not there is null. */
const canonical = ({ typeByField }: TableFields, row: ChangeRow): string => JSON.stringify([...typeByField.keys()].map((field) => row[field] ?? null));

/** The sum of the rows' hashes, 64 bits of each. */
export function contentOf(rows: Iterable<string>): Content {
  let count = 0, sum = 0n;
  for (const row of rows) {
    count += 1;
    sum = BigInt.asUintN(64, sum + createHash('sha256').update(row).digest().readBigUInt64BE(0));
  }
  return { count, checksum: sum.toString(16).padStart(16, '0') };
}
