export { openSqlDatabase } from './sql-database';
export { SqlRegistry } from './sql-registry';
export { SqlCases } from './sql-cases';
export { SqlQuarantine } from './sql-quarantine';
export { sqliteDialect, postgresDialect, type SqlDialect } from './migrations';
export type { Tables } from './tables';
