import { Kysely, type Dialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { WeirError } from '@weir/contracts';
import { pageLimitMax, type Page, type PageRequest } from '@weir/ports';
import { Migrations, type SqlDialect } from './migrations';
import type { Tables } from './tables';

/** A database with all migrations applied. */
export async function openSqlDatabase(dialect: Dialect, differences: SqlDialect): Promise<Kysely<Tables>> {
  const database = new Kysely<Tables>({ dialect });
  const { error } = await new Migrator({ db: database, provider: new Migrations(differences) }).migrateToLatest();
  if (error !== undefined) {
    await database.destroy();
    throw new WeirError('WEIR_REGISTRY_FAILED', 'the database could not be brought to this version', { cause: error });
  }
  return database;
}

/** Runs a query and turns what the database throws into our error. */
export async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try { return await work(); } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    throw new WeirError('WEIR_REGISTRY_FAILED', `${what} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, retriable: true });
  }
}

/** Newest first by sequence: the cursor is the last sequence shown. */
export function pageBounds(request: PageRequest): { readonly below: number; readonly limit: number } {
  const below = request.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(request.cursor);
  if (!Number.isSafeInteger(below) || below < 0) {
    throw new WeirError('WEIR_INPUT_INVALID', 'cursor: not one that a page gave', { findings: [{ where: 'query', field: 'cursor', expected: 'the `next` of the page before', got: String(request.cursor) }] });
  }
  return { below, limit: Math.max(1, Math.min(pageLimitMax, Math.trunc(request.limit))) };
}

/** `rows` holds one more than the page where there is a next one. */
export function pageOf<Row extends { sequence: number }, T>(rows: readonly Row[], limit: number, convert: (row: Row) => T): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(convert), next: rows.length > limit && last !== undefined ? String(last.sequence) : null };
}
