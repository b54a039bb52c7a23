import type { Kysely, Selectable } from 'kysely';
import { WeirError } from '@weir/contracts';
import {
  Registry, roles, type ApiKey, type AppliedSet, type AuditEntry, type AuditQuery, type DefinitionSetRecord, type DefinitionVersion, type Page, type PageRequest, type Role, proposalStatuses, type ProposalStatus, type SetProposal,
} from '@weir/ports';
import { guarded, pageBounds, pageOf } from './sql-database';
import type { Tables } from './tables';

/** The registry in SQL; SQLite and PostgreSQL differ only in how the database was opened. */
export class SqlRegistry extends Registry {
  constructor(private readonly database: Kysely<Tables>) { super(); }

  override saveSet(set: DefinitionSetRecord, versions: readonly DefinitionVersion[]): Promise<void> {
    return guarded('saving a set', () => this.database.transaction().execute(async (transaction) => {
      for (const version of versions) {
        const known = await transaction.selectFrom('definition_versions').select('hash')
          .where('kind', '=', version.kind).where('name', '=', version.name).where('version', '=', version.version).executeTakeFirst();
        if (known !== undefined && known.hash !== version.hash) throw new WeirError('WEIR_CONFLICT', `${version.kind} ${version.name} version ${version.version} exists with another meaning`);
        if (known !== undefined) continue;
        await transaction.insertInto('definition_versions').values({
          kind: version.kind, name: version.name, version: version.version, hash: version.hash, json: version.json, created_at_ms: version.createdAtMs, created_by: version.createdBy,
        }).execute();
      }
      await transaction.insertInto('definition_sets').values({ id: set.id, json: set.json, versions: JSON.stringify(set.versions), created_at_ms: set.createdAtMs, created_by: set.createdBy })
        .onConflict((conflict) => conflict.column('id').doNothing()).execute();
    }));
  }

  override applySet(setId: string, by: string, atMs: number, note: string | null): Promise<AppliedSet> {
    return guarded('applying a set', () => this.database.transaction().execute(async (transaction) => {
      const known = await transaction.selectFrom('definition_sets').select('id').where('id', '=', setId).executeTakeFirst();
      if (known === undefined) throw new WeirError('WEIR_NOT_FOUND', `no set ${setId} is known`);
      const row = await transaction.insertInto('applied_sets').values({ set_id: setId, applied_at_ms: atMs, applied_by: by, note }).returning('sequence').executeTakeFirstOrThrow();
      return { sequence: row.sequence, setId, appliedAtMs: atMs, appliedBy: by, note };
    }));
  }

  override async set(setId: string): Promise<DefinitionSetRecord | undefined> {
    const row = await guarded('reading a set', () => this.database.selectFrom('definition_sets').selectAll().where('id', '=', setId).executeTakeFirst());
    return row && setRecord(row);
  }

  override async currentSet(): Promise<(AppliedSet & { readonly set: DefinitionSetRecord }) | undefined> {
    const applied = await guarded('reading the set in force', () => this.database.selectFrom('applied_sets').selectAll().orderBy('sequence', 'desc').limit(1).executeTakeFirst());
    const set = applied && (await this.set(applied.set_id));
    return applied && set && { ...appliedSet(applied), set };
  }

  override async appliedSets(request: PageRequest): Promise<Page<AppliedSet>> {
    const { below, limit } = pageBounds(request);
    const rows = await guarded('reading applied sets', () => this.database.selectFrom('applied_sets').selectAll().where('sequence', '<', below).orderBy('sequence', 'desc').limit(limit + 1).execute());
    return pageOf(rows, limit, appliedSet);
  }

  override async definition(kind: string, name: string, version?: number): Promise<DefinitionVersion | undefined> {
    const all = this.database.selectFrom('definition_versions').selectAll().where('kind', '=', kind).where('name', '=', name);
    const wanted = version === undefined ? all.orderBy('version', 'desc').limit(1) : all.where('version', '=', version);
    const row = await guarded('reading a definition', () => wanted.executeTakeFirst());
    return row && definitionVersion(row);
  }

  override async versions(kind: string, name: string): Promise<readonly DefinitionVersion[]> {
    const rows = await guarded('reading versions', () => this.database.selectFrom('definition_versions').selectAll().where('kind', '=', kind).where('name', '=', name).orderBy('version').execute());
    return rows.map(definitionVersion);
  }

  override async definitions(kind?: string): Promise<readonly DefinitionVersion[]> {
    const all = this.database.selectFrom('definition_versions').selectAll();
    const rows = await guarded('reading definitions', () => (kind === undefined ? all : all.where('kind', '=', kind)).orderBy('kind').orderBy('name').orderBy('version').execute());
    return rows.filter((row, index) => { const next = rows[index + 1]; return next === undefined || next.kind !== row.kind || next.name !== row.name; }).map(definitionVersion);
  }

  override async addKey(key: ApiKey): Promise<void> {
    await guarded('adding a key', async () => {
      const known = await this.database.selectFrom('api_keys').select('id').where((where) => where.or([where('id', '=', key.id), where('secret_hash', '=', key.secretHash)])).executeTakeFirst();
      if (known !== undefined) throw new WeirError('WEIR_CONFLICT', `key ${key.id} exists already`);
      await this.database.insertInto('api_keys').values({
        id: key.id, name: key.name, secret_hash: key.secretHash, roles: JSON.stringify(key.roles), created_at_ms: key.createdAtMs, created_by: key.createdBy, revoked_at_ms: key.revokedAtMs,
      }).execute();
    });
  }

  override async keyBySecretHash(secretHash: string): Promise<ApiKey | undefined> {
    const row = await guarded('reading a key', () => this.database.selectFrom('api_keys').selectAll().where('secret_hash', '=', secretHash).executeTakeFirst());
    return row && apiKey(row);
  }

  override async keys(): Promise<readonly ApiKey[]> {
    return (await guarded('reading keys', () => this.database.selectFrom('api_keys').selectAll().orderBy('created_at_ms').orderBy('id').execute())).map(apiKey);
  }

  override async revokeKey(id: string, atMs: number): Promise<boolean> {
    const result = await guarded('revoking a key', () => this.database.updateTable('api_keys').set({ revoked_at_ms: atMs }).where('id', '=', id).where('revoked_at_ms', 'is', null).executeTakeFirst());
    return Number(result.numUpdatedRows) > 0;
  }

  override async addProposal(proposal: SetProposal): Promise<void> {
    await guarded('adding a proposal', async () => {
      if ((await this.proposal(proposal.id)) !== undefined) throw new WeirError('WEIR_CONFLICT', `proposal ${proposal.id} exists already`);
      await this.database.insertInto('set_proposals').values({
        id: proposal.id, set_id: proposal.setId, base_set_id: proposal.baseSetId, json: proposal.json, plan: proposal.plan, note: proposal.note, created_at_ms: proposal.createdAtMs, created_by: proposal.createdBy,
        created_by_key: proposal.createdByKey, status: proposal.status, decided_at_ms: proposal.decidedAtMs, decided_by: proposal.decidedBy, reason: proposal.reason,
      }).execute();
    });
  }

  override async proposal(id: string): Promise<SetProposal | undefined> {
    const row = await guarded('reading a proposal', () => this.database.selectFrom('set_proposals').selectAll().where('id', '=', id).executeTakeFirst());
    return row && setProposal(row);
  }

  override async proposals(query: PageRequest & { readonly status?: ProposalStatus | undefined }): Promise<Page<SetProposal>> {
    const { below, limit } = pageBounds(query);
    const all = this.database.selectFrom('set_proposals').selectAll().where('sequence', '<', below);
    const wanted = query.status === undefined ? all : all.where('status', '=', query.status);
    return pageOf(await guarded('reading proposals', () => wanted.orderBy('sequence', 'desc').limit(limit + 1).execute()), limit, setProposal);
  }

  override async decideProposal(id: string, { status, by, atMs, reason }: { readonly status: 'approved' | 'rejected'; readonly by: string; readonly atMs: number; readonly reason: string | null }): Promise<boolean> {
    const result = await guarded('deciding a proposal', () => this.database.updateTable('set_proposals').set({ status, decided_by: by, decided_at_ms: atMs, reason }).where('id', '=', id).where('status', '=', 'open').executeTakeFirst());
    return Number(result.numUpdatedRows) > 0;
  }

  override async appendAudit(entry: AuditEntry): Promise<void> {
    await guarded('writing the audit', () => this.database.insertInto('audit').values({ at_ms: entry.atMs, by: entry.by, action: entry.action, subject: entry.subject, detail: entry.detail }).execute());
  }

  override async audit(query: AuditQuery): Promise<Page<AuditEntry & { readonly sequence: number }>> {
    const { below, limit } = pageBounds(query);
    let rows = this.database.selectFrom('audit').selectAll().where('sequence', '<', below);
    if (query.by !== undefined) rows = rows.where('by', '=', query.by);
    if (query.action !== undefined) rows = rows.where('action', '=', query.action);
    if (query.subject !== undefined) rows = rows.where('subject', '=', query.subject);
    if (query.fromMs !== undefined) rows = rows.where('at_ms', '>=', query.fromMs);
    if (query.toMs !== undefined) rows = rows.where('at_ms', '<', query.toMs);
    const found = await guarded('reading the audit', () => rows.orderBy('sequence', 'desc').limit(limit + 1).execute());
    return pageOf(found, limit, (row) => ({ sequence: row.sequence, atMs: Number(row.at_ms), by: row.by, action: row.action, subject: row.subject, detail: row.detail }));
  }

  override close(): Promise<void> { return this.database.destroy(); }
}

const isRole = (value: unknown): value is Role => typeof value === 'string' && roles.some((role) => role === value);
const listOf = (text: string): readonly unknown[] => { const value: unknown = JSON.parse(text); return Array.isArray(value) ? value : []; };

const appliedSet = (row: Selectable<Tables['applied_sets']>): AppliedSet => ({ sequence: row.sequence, setId: row.set_id, appliedAtMs: Number(row.applied_at_ms), appliedBy: row.applied_by, note: row.note });
const definitionVersion = (row: Selectable<Tables['definition_versions']>): DefinitionVersion => ({ kind: row.kind, name: row.name, version: row.version, hash: row.hash, json: row.json, createdAtMs: Number(row.created_at_ms), createdBy: row.created_by });
const setRecord = (row: Selectable<Tables['definition_sets']>): DefinitionSetRecord => ({
  id: row.id, json: row.json, createdAtMs: Number(row.created_at_ms), createdBy: row.created_by,
  versions: JSON.parse(row.versions) as DefinitionSetRecord['versions'], // written by saveSet alone
});
const apiKey = (row: Selectable<Tables['api_keys']>): ApiKey => ({
  id: row.id, name: row.name, secretHash: row.secret_hash, roles: listOf(row.roles).filter(isRole), createdAtMs: Number(row.created_at_ms), createdBy: row.created_by,
  revokedAtMs: row.revoked_at_ms === null ? null : Number(row.revoked_at_ms),
});
const setProposal = (row: Selectable<Tables['set_proposals']>): SetProposal => ({
  id: row.id, setId: row.set_id, baseSetId: row.base_set_id, json: row.json, plan: row.plan, note: row.note, createdAtMs: Number(row.created_at_ms), createdBy: row.created_by, createdByKey: row.created_by_key,
  status: proposalStatuses.find((status) => status === row.status) ?? 'open', decidedAtMs: row.decided_at_ms === null ? null : Number(row.decided_at_ms), decidedBy: row.decided_by, reason: row.reason,
});
