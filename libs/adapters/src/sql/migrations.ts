import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';
import type { Tables } from './tables';

/** What differs between the two databases when tables are made. */
export interface SqlDialect {
  readonly name: 'sqlite' | 'postgres';
  /** Type of an ascending number, and how the database gives it. */
  readonly sequenceType: 'integer' | 'bigint';
  readonly sequence: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
}
export const sqliteDialect: SqlDialect = { name: 'sqlite', sequenceType: 'integer', sequence: (column) => column.primaryKey().autoIncrement() };
export const postgresDialect: SqlDialect = { name: 'postgres', sequenceType: 'bigint', sequence: (column) => column.primaryKey().generatedAlwaysAsIdentity() };

/** Migrations by name; a new one is added below, an old one is never changed. */
export class Migrations implements MigrationProvider {
  constructor(private readonly dialect: SqlDialect) {}
  getMigrations(): Promise<Record<string, Migration>> {
    return Promise.resolve({
      '001-first-tables': { up: (database: Kysely<Tables>) => firstTables(database, this.dialect) },
      '002-set-proposals': { up: (database: Kysely<Tables>) => setProposals(database, this.dialect) },
      '003-review-queue': { up: (database: Kysely<Tables>) => reviewQueue(database) },
      '004-due-cases-and-closed-alerts': { up: (database: Kysely<Tables>) => dueCasesAndClosedAlerts(database) },
    });
  }
}

async function firstTables(database: Kysely<Tables>, { sequence, sequenceType }: SqlDialect): Promise<void> {
  const { schema } = database;
  await schema.createTable('definition_versions')
    .addColumn('kind', 'text', (c) => c.notNull()).addColumn('name', 'text', (c) => c.notNull()).addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull()).addColumn('json', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull()).addColumn('created_by', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('definition_versions_key', ['kind', 'name', 'version']).execute();
  await schema.createTable('definition_sets')
    .addColumn('id', 'text', (c) => c.primaryKey()).addColumn('json', 'text', (c) => c.notNull()).addColumn('versions', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull()).addColumn('created_by', 'text', (c) => c.notNull()).execute();
  await schema.createTable('applied_sets')
    .addColumn('sequence', sequenceType, sequence).addColumn('set_id', 'text', (c) => c.notNull().references('definition_sets.id'))
    .addColumn('applied_at_ms', 'bigint', (c) => c.notNull()).addColumn('applied_by', 'text', (c) => c.notNull()).addColumn('note', 'text').execute();
  await schema.createTable('api_keys')
    .addColumn('id', 'text', (c) => c.primaryKey()).addColumn('name', 'text', (c) => c.notNull()).addColumn('secret_hash', 'text', (c) => c.notNull().unique())
    .addColumn('roles', 'text', (c) => c.notNull()).addColumn('created_at_ms', 'bigint', (c) => c.notNull()).addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('revoked_at_ms', 'bigint').execute();
  await schema.createTable('audit')
    .addColumn('sequence', sequenceType, sequence).addColumn('at_ms', 'bigint', (c) => c.notNull()).addColumn('by', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull()).addColumn('subject', 'text', (c) => c.notNull()).addColumn('detail', 'text').execute();
  await schema.createTable('cases')
    .addColumn('sequence', sequenceType, sequence).addColumn('id', 'text', (c) => c.notNull().unique()).addColumn('decision_id', 'text', (c) => c.notNull().unique())
    .addColumn('transaction_id', 'text', (c) => c.notNull()).addColumn('outcome', 'text', (c) => c.notNull()).addColumn('score', 'double precision', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull()).addColumn('status', 'text', (c) => c.notNull()).addColumn('claimed_by', 'text')
    .addColumn('resolution', 'text').addColumn('resolved_by', 'text').addColumn('resolved_at_ms', 'bigint').execute();
  await schema.createTable('case_comments')
    .addColumn('sequence', sequenceType, sequence).addColumn('case_id', 'text', (c) => c.notNull()).addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull()).addColumn('text', 'text', (c) => c.notNull()).execute();
  await schema.createIndex('case_comments_by_case').on('case_comments').column('case_id').execute();
  await schema.createTable('labels')
    .addColumn('sequence', sequenceType, sequence).addColumn('transaction_id', 'text', (c) => c.notNull()).addColumn('fraud', 'integer', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull()).addColumn('at_ms', 'bigint', (c) => c.notNull()).addColumn('source', 'text').execute();
  await schema.createIndex('labels_by_transaction').on('labels').columns(['transaction_id', 'at_ms']).execute();
  await schema.createTable('quarantine')
    .addColumn('sequence', sequenceType, sequence).addColumn('id', 'text', (c) => c.notNull().unique()).addColumn('lane', 'integer', (c) => c.notNull()).addColumn('offset', 'bigint', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull()).addColumn('transaction_id', 'text').addColumn('reason', 'text', (c) => c.notNull()).addColumn('field', 'text')
    .addColumn('expected', 'text').addColumn('got', 'text').addColumn('received_at_ms', 'bigint', (c) => c.notNull()).addColumn('json', 'text', (c) => c.notNull())
    .addColumn('resent_at_ms', 'bigint').execute();
  await schema.createIndex('quarantine_by_transaction').on('quarantine').column('transaction_id').execute();
}

async function setProposals({ schema }: Kysely<Tables>, { sequence, sequenceType }: SqlDialect): Promise<void> {
  await schema.createTable('set_proposals')
    .addColumn('sequence', sequenceType, sequence).addColumn('id', 'text', (c) => c.notNull().unique()).addColumn('set_id', 'text', (c) => c.notNull()).addColumn('base_set_id', 'text')
    .addColumn('json', 'text', (c) => c.notNull()).addColumn('plan', 'text', (c) => c.notNull()).addColumn('note', 'text')
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull()).addColumn('created_by', 'text', (c) => c.notNull()).addColumn('created_by_key', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull()).addColumn('decided_at_ms', 'bigint').addColumn('decided_by', 'text').addColumn('reason', 'text').execute();
}

/** What a queue needs beyond the cases: their worth, claims that end, and what a resolution still has to do elsewhere. */
async function reviewQueue(database: Kysely<Tables>): Promise<void> {
  const { schema } = database;
  await schema.alterTable('cases').addColumn('amount', 'double precision').execute();
  await schema.alterTable('cases').addColumn('priority', 'double precision', (c) => c.notNull().defaultTo(0)).execute();
  await schema.alterTable('cases').addColumn('claimed_until_ms', 'bigint').execute();
  await schema.alterTable('cases').addColumn('pending', 'text').execute();
  await schema.createIndex('cases_by_status_priority').on('cases').columns(['status', 'priority', 'sequence']).execute();
}

/** Due at no time. */
export const neverDueMs = Number.MAX_SAFE_INTEGER;

async function dueCasesAndClosedAlerts({ schema }: Kysely<Tables>): Promise<void> {
  await schema.alterTable('cases').addColumn('due_at_ms', 'bigint', (c) => c.notNull().defaultTo(neverDueMs)).execute();
  await schema.createIndex('cases_by_status_due').on('cases').columns(['status', 'due_at_ms', 'sequence']).execute();
  await schema.createTable('alert_closings')
    .addColumn('alert_id', 'text', (c) => c.primaryKey()).addColumn('at_ms', 'bigint', (c) => c.notNull()).addColumn('by', 'text', (c) => c.notNull()).execute();
}
