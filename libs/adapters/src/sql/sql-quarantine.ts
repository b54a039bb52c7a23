import type { Kysely, Selectable } from 'kysely';
import { QuarantineStore, type Page, type QuarantineQuery, type QuarantineRow } from '@weir/ports';
import { guarded, pageBounds, pageOf } from './sql-database';
import type { Tables } from './tables';

/** Refused events in SQL. */
export class SqlQuarantine extends QuarantineStore {
  constructor(private readonly database: Kysely<Tables>) { super(); }

  override async write(rows: readonly QuarantineRow[]): Promise<void> {
    if (rows.length === 0) return;
    await guarded('writing to quarantine', () => this.database.insertInto('quarantine').values(rows.map((row) => ({
      id: row.id, lane: row.lane, offset: row.offset, source: row.source, transaction_id: row.transactionId, reason: row.reason, field: row.field, expected: row.expected,
      got: row.got, received_at_ms: row.receivedAtMs, json: row.json, resent_at_ms: row.resentAtMs,
    }))).onConflict((conflict) => conflict.column('id').doNothing()).execute());
  }

  override async byId(id: string): Promise<QuarantineRow | undefined> {
    const row = await guarded('reading quarantine', () => this.database.selectFrom('quarantine').selectAll().where('id', '=', id).executeTakeFirst());
    return row && quarantineRow(row);
  }

  override async byTransaction(transactionId: string, source?: string): Promise<QuarantineRow | undefined> {
    const all = this.database.selectFrom('quarantine').selectAll().where('transaction_id', '=', transactionId);
    const row = await guarded('reading quarantine', () => (source === undefined ? all : all.where('source', '=', source)).orderBy('sequence', 'desc').limit(1).executeTakeFirst());
    return row && quarantineRow(row);
  }

  override async search(query: QuarantineQuery): Promise<Page<QuarantineRow>> {
    const { below, limit } = pageBounds(query);
    let rows = this.database.selectFrom('quarantine').selectAll().where('sequence', '<', below);
    if (query.source !== undefined) rows = rows.where('source', '=', query.source);
    if (query.reason !== undefined) rows = rows.where('reason', '=', query.reason);
    if (query.fromMs !== undefined) rows = rows.where('received_at_ms', '>=', query.fromMs);
    if (query.toMs !== undefined) rows = rows.where('received_at_ms', '<', query.toMs);
    const found = await guarded('reading quarantine', () => rows.orderBy('sequence', 'desc').limit(limit + 1).execute());
    return pageOf(found, limit, quarantineRow);
  }

  override async markResent(id: string, atMs: number): Promise<void> {
    await guarded('marking as sent again', () => this.database.updateTable('quarantine').set({ resent_at_ms: atMs }).where('id', '=', id).execute());
  }
}

const reasons = ['invalid', 'future', 'late'] as const;
const quarantineRow = (row: Selectable<Tables['quarantine']>): QuarantineRow => ({
  lane: row.lane, offset: Number(row.offset), id: row.id, source: row.source, transactionId: row.transaction_id, reason: reasons.find((reason) => reason === row.reason) ?? 'invalid',
  field: row.field, expected: row.expected, got: row.got, receivedAtMs: Number(row.received_at_ms), json: row.json, resentAtMs: row.resent_at_ms === null ? null : Number(row.resent_at_ms),
});
