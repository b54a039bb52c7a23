export * from './ingest-stage';
export { duplicateMs, idChunksInMemoryMax } from './remembered-ids';
export * from './ingest-work';
