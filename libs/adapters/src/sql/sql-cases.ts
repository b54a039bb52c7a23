import type { Kysely, Selectable, SelectQueryBuilder } from 'kysely';
import { WeirError } from '@weir/contracts';
import { CaseStore, type AlertStanding, type CaseComment, type CaseCounts, type CaseLease, type CaseQuery, type CaseResolution, type CaseResolved, type CaseRow, type CaseStatus, type LabelRow, type Page } from '@weir/ports';
import { neverDueMs } from './migrations';
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
      amount: row.amount, priority: row.priority, claimed_until_ms: row.claimedUntilMs, due_at_ms: row.dueAtMs ?? neverDueMs,
    }))).onConflict((conflict) => conflict.column('decision_id').doNothing()).execute());
  }

  override async byId(id: string): Promise<CaseRow | undefined> {
    const row = await guarded('reading a case', () => this.database.selectFrom('cases').selectAll().where('id', '=', id).executeTakeFirst());
    return row && caseRow(row);
  }

  override async search(query: CaseQuery): Promise<Page<CaseRow>> {
    const { status, claimedBy, nowMs } = query;
    let rows = this.database.selectFrom('cases').selectAll();
    if (status === 'open' && nowMs !== undefined) {
      rows = rows.where((where) => where.or([where('status', '=', 'open'), where.and([where('status', '=', 'claimed'), where('claimed_until_ms', '<=', nowMs)])]));
    } else if (status === 'claimed' && nowMs !== undefined) {
      rows = rows.where('status', '=', 'claimed').where((where) => where.or([where('claimed_until_ms', 'is', null), where('claimed_until_ms', '>', nowMs)]));
    } else if (status !== undefined) rows = rows.where('status', '=', status);
    if (claimedBy !== undefined) rows = rows.where('claimed_by', '=', claimedBy);
    if (query.overdueAtMs !== undefined) rows = rows.where('due_at_ms', '<=', query.overdueAtMs).where('status', '!=', 'resolved');
    if (query.order === 'priority') return ranked(rows, query, { column: 'priority', direction: 'desc' });
    if (query.order === 'due') return ranked(rows, query, { column: 'due_at_ms', direction: 'asc' });
    const { below, limit } = pageBounds(query);
    const found = await guarded('reading cases', () => rows.where('sequence', '<', below).orderBy('sequence', 'desc').limit(limit + 1).execute());
    return pageOf(found, limit, caseRow);
  }

  override claim(id: string, by: string, lease?: CaseLease): Promise<CaseRow> {
    return guarded('claiming a case', () => change(this.database, id, (row) => {
      if (row.status === 'resolved') throw new WeirError('WEIR_CONFLICT', `case ${id} is resolved`);
      refuseClaimed(row, by, lease?.nowMs);
      return { status: 'claimed', claimed_by: by, claimed_until_ms: lease?.untilMs ?? null };
    }));
  }

  override resolve(id: string, by: string, resolution: CaseResolution, atMs: number, more: CaseResolved = {}): Promise<CaseRow> {
    const { label, comment, audit, pending } = more;
    return guarded('resolving a case', () => this.database.transaction().execute(async (transaction) => {
      const resolved = await change(transaction, id, (row) => {
        if (row.status === 'resolved') throw new WeirError('WEIR_CONFLICT', `case ${id} is resolved already`);
        refuseClaimed(row, by, atMs);
        return { status: 'resolved', resolution, resolved_by: by, resolved_at_ms: atMs, pending: pending ?? null };
      });
      if (label !== undefined) await transaction.insertInto('labels').values(labelValues(label)).execute();
      if (comment !== undefined) await transaction.insertInto('case_comments').values({ case_id: id, at_ms: atMs, by, text: comment }).execute();
      if (audit !== undefined) await transaction.insertInto('audit').values({ at_ms: audit.atMs, by: audit.by, action: audit.action, subject: audit.subject, detail: audit.detail }).execute();
      return resolved;
    }));
  }

  override async unsettled(limit: number): Promise<ReadonlyArray<{ readonly row: CaseRow; readonly pending: string }>> {
    const rows = await guarded('reading what is pending', () => this.database.selectFrom('cases').selectAll().where('status', '=', 'resolved').where('pending', 'is not', null).orderBy('sequence').limit(limit).execute());
    return rows.map((row) => ({ row: caseRow(row), pending: row.pending ?? '' }));
  }

  override async settle(id: string): Promise<void> {
    await guarded('settling a case', () => this.database.updateTable('cases').set({ pending: null }).where('id', '=', id).execute());
  }

  override async count(nowMs: number): Promise<CaseCounts> {
    const unresolved = this.database.selectFrom('cases').where('status', 'in', ['open', 'claimed']);
    const counted = await guarded('counting cases', () => unresolved.select((of) => [
      of.fn.countAll().as('all'), of.fn.countAll().filterWhere('due_at_ms', '<=', nowMs).as('overdue'),
      of.fn.countAll().filterWhere((where) => where.and([where('status', '=', 'claimed'), where.or([where('claimed_until_ms', 'is', null), where('claimed_until_ms', '>', nowMs)])])).as('claimed'),
    ]).executeTakeFirstOrThrow());
    return { open: Number(counted.all) - Number(counted.claimed), claimed: Number(counted.claimed), overdue: Number(counted.overdue) };
  }

  override async closeAlert({ alertId, atMs, by }: Parameters<CaseStore['closeAlert']>[0]): Promise<void> {
    await guarded('closing an alert', () => this.database.insertInto('alert_closings').values({ alert_id: alertId, at_ms: atMs, by }).onConflict((conflict) => conflict.column('alert_id').doNothing()).execute());
  }

  override async alertStandings(alerts: Parameters<CaseStore['alertStandings']>[0]): Promise<ReadonlyMap<string, AlertStanding>> {
    const standingById = new Map<string, AlertStanding>();
    for (let start = 0; start < alerts.length; start += idsPerQueryMax) {
      const asked = alerts.slice(start, start + idsPerQueryMax);
      const decisionIds = asked.flatMap(({ decisionId }) => decisionId ?? []);
      const [closings, cases] = await guarded('reading how alerts stand', () => Promise.all([
        this.database.selectFrom('alert_closings').selectAll().where('alert_id', 'in', asked.map(({ id }) => id)).execute(),
        decisionIds.length === 0 ? [] : this.database.selectFrom('cases').select(['id', 'decision_id', 'status', 'resolved_by', 'resolved_at_ms']).where('decision_id', 'in', decisionIds).execute(),
      ]));
      const closingById = new Map(closings.map((closing) => [closing.alert_id, closing])), caseByDecision = new Map(cases.map((row) => [row.decision_id, row]));
      for (const { id, decisionId } of asked) standingById.set(id, standing(closingById.get(id), decisionId === null ? undefined : caseByDecision.get(decisionId)));
    }
    return standingById;
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
    await guarded('writing labels', () => this.database.insertInto('labels').values(labels.map(labelValues)).execute());
  }

  override async labels(transactionIds: readonly string[]): Promise<ReadonlyMap<string, LabelRow>> {
    const labelById = new Map<string, LabelRow>();
    for (let start = 0; start < transactionIds.length; start += idsPerQueryMax) {
      const ids = transactionIds.slice(start, start + idsPerQueryMax);
      const rows = await guarded('reading labels', () => this.database.selectFrom('labels').selectAll().where('transaction_id', 'in', ids).orderBy('at_ms').orderBy('sequence').execute());
      for (const row of rows) labelById.set(row.transaction_id, labelRow(row));
    }
    return labelById;
  }

  override async labelsAfter(cursor: number, limit: number): Promise<{ readonly labels: readonly LabelRow[]; readonly cursor: number }> {
    const rows = await guarded('reading labels', () => this.database.selectFrom('labels').selectAll().where('sequence', '>', cursor).orderBy('sequence').limit(limit).execute());
    return { labels: rows.map(labelRow), cursor: Number(rows.at(-1)?.sequence ?? cursor) };
  }
}

/** The cursor is the last case shown: `rank|sequence`; of equal ranks the newest comes first. */
async function ranked(rows: SelectQueryBuilder<Tables, 'cases', Selectable<Tables['cases']>>, query: CaseQuery, by: { readonly column: 'priority' | 'due_at_ms'; readonly direction: 'asc' | 'desc' }): Promise<Page<CaseRow>> {
  const { column, direction } = by, [rankText, sequenceText] = query.cursor?.split('|') ?? [];
  const rank = rankText === undefined ? undefined : Number(rankText);
  const { below, limit } = pageBounds({ limit: query.limit, cursor: rank === undefined || (rankText !== '' && Number.isFinite(rank)) ? sequenceText : 'none' });
  const rest = rank === undefined ? rows : rows.where((where) => where.or([where(column, direction === 'asc' ? '>' : '<', rank), where.and([where(column, '=', rank), where('sequence', '<', below)])]));
  const found = await guarded('reading cases', () => rest.orderBy(column, direction).orderBy('sequence', 'desc').limit(limit + 1).execute());
  const last = found[limit - 1];
  return { items: found.slice(0, limit).map(caseRow), next: found.length > limit && last !== undefined ? `${last[column]}|${last.sequence}` : null };
}

/** Changes a case as it was read; where somebody else was quicker, it is read again. */
async function change(database: Kysely<Tables>, id: string, next: (row: CaseRow) => Partial<Omit<Tables['cases'], 'sequence'>>): Promise<CaseRow> {
  for (let attempt = 0; attempt < changeAttemptsMax; attempt += 1) {
    const read = await database.selectFrom('cases').selectAll().where('id', '=', id).executeTakeFirst();
    if (read === undefined) throw new WeirError('WEIR_NOT_FOUND', `no case ${id}`);
    const row = caseRow(read);
    const unchanged = database.updateTable('cases').set(next(row)).where('id', '=', id).where('status', '=', row.status);
    const { numUpdatedRows } = await (row.claimedBy === null ? unchanged.where('claimed_by', 'is', null) : unchanged.where('claimed_by', '=', row.claimedBy)).executeTakeFirstOrThrow();
    if (numUpdatedRows > 0n) return caseRow(await database.selectFrom('cases').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
  }
  throw new WeirError('WEIR_CONFLICT', `case ${id} is being changed by others`, { retriable: true });
}

/** `nowMs` undefined: a claim never ends. */
function refuseClaimed({ id, claimedBy, claimedUntilMs }: CaseRow, by: string, nowMs: number | undefined): void {
  if (claimedBy === null || claimedBy === by || (nowMs !== undefined && claimedUntilMs !== null && claimedUntilMs <= nowMs)) return;
  throw new WeirError('WEIR_CONFLICT', `case ${id} is claimed by ${claimedBy}`);
}

type CaseEnd = Pick<Selectable<Tables['cases']>, 'id' | 'status' | 'resolved_by' | 'resolved_at_ms'>;
/** What was closed by itself first stays so. */
function standing(closing: Tables['alert_closings'] | undefined, of: CaseEnd | undefined): AlertStanding {
  const caseId = of?.id ?? null;
  if (closing !== undefined) return { caseId, closed: { atMs: Number(closing.at_ms), by: closing.by } };
  return { caseId, closed: of?.status === 'resolved' ? { atMs: Number(of.resolved_at_ms), by: of.resolved_by ?? '' } : null };
}

const labelValues = (label: LabelRow) => ({ transaction_id: label.transactionId, fraud: label.fraud ? 1 : 0, by: label.by, at_ms: label.atMs, source: label.source });
const labelRow = (row: Selectable<Tables['labels']>): LabelRow => ({ transactionId: row.transaction_id, fraud: row.fraud !== 0, by: row.by, atMs: Number(row.at_ms), source: row.source });
const statuses: readonly CaseStatus[] = ['open', 'claimed', 'resolved'];
const resolutions: readonly CaseResolution[] = ['fraud', 'genuine', 'unclear'];
const caseRow = (row: Selectable<Tables['cases']>): CaseRow => ({
  id: row.id, decisionId: row.decision_id, transactionId: row.transaction_id, outcome: row.outcome, score: row.score, createdAtMs: Number(row.created_at_ms),
  status: statuses.find((status) => status === row.status) ?? 'open', claimedBy: row.claimed_by, resolution: resolutions.find((resolution) => resolution === row.resolution) ?? null,
  resolvedBy: row.resolved_by, resolvedAtMs: row.resolved_at_ms === null ? null : Number(row.resolved_at_ms),
  amount: row.amount, priority: row.priority, claimedUntilMs: row.claimed_until_ms === null ? null : Number(row.claimed_until_ms),
  dueAtMs: Number(row.due_at_ms) >= neverDueMs ? null : Number(row.due_at_ms),
});
