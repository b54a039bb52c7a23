export * from './ingest-stage';
export { readField, type FieldReader } from './field-reader';
export { duplicateMs, idChunksInMemoryMax } from './remembered-ids';
export * from './ingest-work';
export { quarantineRow } from './quarantine-record';
