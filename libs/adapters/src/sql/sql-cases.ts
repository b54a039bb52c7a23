import type { Kysely, Selectable } from 'kysely';
import { WeirError } from '@weir/contracts';
import { CaseStore, type CaseComment, type CaseQuery, type CaseResolution, type CaseRow, type CaseStatus, type LabelRow, type Page } from '@weir/ports';
import { guarded, pageBounds, pageOf } from './sql-database';
import type { Tables } from './tables';

const idsPerQueryMax = 500;
const changeAttemptsMax = 5;

/** The review queue and labels in SQL. */
export class SqlCases extends CaseStore {
  constructor(private readonly database: Kysely<Tables>) { super(); }

  override async open(cases: readonly CaseRow[]): Promise<void> {
    if (cases.length === 0) return;
    await guarded('opening cases', () => this.database.insertInto('cases').values(cases.map((row) => ({
      id: row.id, decision_id: row.decisionId, transaction_id: row.transactionId, outcome: row.outcome, score: row.score, created_at_ms: row.createdAtMs, status: row.status,
      claimed_by: row.claimedBy, resolution: row.resolution, resolved_by: row.resolvedBy, resolved_at_ms: row.resolvedAtMs,
    }))).onConflict((conflict) => conflict.column('decision_id').doNothing()).execute());
  }

  override async byId(id: string): Promise<CaseRow | undefined> {
    const row = await guarded('reading a case', () => this.database.selectFrom('cases').selectAll().where('id', '=', id).executeTakeFirst());
    return row && caseRow(row);
  }

  override async search(query: CaseQuery): Promise<Page<CaseRow>> {
    const { below, limit } = pageBounds(query);
    let rows = this.database.selectFrom('cases').selectAll().where('sequence', '<', below);
    if (query.status !== undefined) rows = rows.where('status', '=', query.status);
    if (query.claimedBy !== undefined) rows = rows.where('claimed_by', '=', query.claimedBy);
    const found = await guarded('reading cases', () => rows.orderBy('sequence', 'desc').limit(limit + 1).execute());
    return pageOf(found, limit, caseRow);
  }

  override claim(id: string, by: string): Promise<CaseRow> {
    return this.change(id, (row) => {
      if (row.status === 'resolved') throw new WeirError('WEIR_CONFLICT', `case ${id} is resolved`);
      if (row.claimedBy !== null && row.claimedBy !== by) throw new WeirError('WEIR_CONFLICT', `case ${id} is claimed by ${row.claimedBy}`);
      return { status: 'claimed', claimed_by: by };
    });
  }

  override resolve(id: string, by: string, resolution: CaseResolution, atMs: number): Promise<CaseRow> {
    return this.change(id, (row) => {
      if (row.status === 'resolved') throw new WeirError('WEIR_CONFLICT', `case ${id} is resolved already`);
      return { status: 'resolved', resolution, resolved_by: by, resolved_at_ms: atMs };
    });
  }

  /** Changes a case as it was read; where somebody else was quicker, it is read again. */
  private change(id: string, next: (row: CaseRow) => Partial<Omit<Tables['cases'], 'sequence'>>): Promise<CaseRow> {
    return guarded('changing a case', async () => {
      for (let attempt = 0; attempt < changeAttemptsMax; attempt += 1) {
        const row = await this.byId(id);
        if (row === undefined) throw new WeirError('WEIR_NOT_FOUND', `no case ${id}`);
        const unchanged = this.database.updateTable('cases').set(next(row)).where('id', '=', id).where('status', '=', row.status);
        const { numUpdatedRows } = await (row.claimedBy === null ? unchanged.where('claimed_by', 'is', null) : unchanged.where('claimed_by', '=', row.claimedBy)).executeTakeFirstOrThrow();
        if (numUpdatedRows > 0n) return caseRow(await this.database.selectFrom('cases').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
      }
      throw new WeirError('WEIR_CONFLICT', `case ${id} is being changed by others`, { retriable: true });
    });
  }

  override async comment(comment: CaseComment): Promise<void> {
    await guarded('commenting on a case', () => this.database.insertInto('case_comments').values({ case_id: comment.caseId, at_ms: comment.atMs, by: comment.by, text: comment.text }).execute());
  }

  override async comments(caseId: string): Promise<readonly CaseComment[]> {
    const rows = await guarded('reading comments', () => this.database.selectFrom('case_comments').selectAll().where('case_id', '=', caseId).orderBy('sequence').execute());
    return rows.map((row) => ({ caseId: row.case_id, atMs: Number(row.at_ms), by: row.by, text: row.text }));
  }

  override async putLabels(labels: readonly LabelRow[]): Promise<void> {
    if (labels.length === 0) return;
    await guarded('writing labels', () => this.database.insertInto('labels').values(labels.map((label) => ({
      transaction_id: label.transactionId, fraud: label.fraud ? 1 : 0, by: label.by, at_ms: label.atMs, source: label.source,
    }))).execute());
  }

  override async labels(transactionIds: readonly string[]): Promise<ReadonlyMap<string, LabelRow>> {
    const labelById = new Map<string, LabelRow>();
    for (let start = 0; start < transactionIds.length; start += idsPerQueryMax) {
      const ids = transactionIds.slice(start, start + idsPerQueryMax);
      const rows = await guarded('reading labels', () => this.database.selectFrom('labels').selectAll().where('transaction_id', 'in', ids).orderBy('at_ms').orderBy('sequence').execute());
      for (const row of rows) labelById.set(row.transaction_id, { transactionId: row.transaction_id, fraud: row.fraud !== 0, by: row.by, atMs: Number(row.at_ms), source: row.source });
    }
    return labelById;
  }
}

const statuses: readonly CaseStatus[] = ['open', 'claimed', 'resolved'];
const resolutions: readonly CaseResolution[] = ['fraud', 'genuine', 'unclear'];
const caseRow = (row: Selectable<Tables['cases']>): CaseRow => ({
  id: row.id, decisionId: row.decision_id, transactionId: row.transaction_id, outcome: row.outcome, score: row.score, createdAtMs: Number(row.created_at_ms),
  status: statuses.find((status) => status === row.status) ?? 'open', claimedBy: row.claimed_by, resolution: resolutions.find((resolution) => resolution === row.resolution) ?? null,
  resolvedBy: row.resolved_by, resolvedAtMs: row.resolved_at_ms === null ? null : Number(row.resolved_at_ms),
});
