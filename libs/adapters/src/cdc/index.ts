export { readDebezium, type ChangeEvent, type ChangeRow } from './change-event';
export { listChanges, tableChanges, type ListMapping, type TableMapping } from './lane-changes';
export { PostgresCdc, readTable, type PostgresCdcOptions, type SchemaReport } from './postgres-cdc';
