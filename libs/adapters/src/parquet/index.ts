export { ParquetOfflineStore, type HistoryLane, type ParquetOfflineStoreOptions } from './parquet-offline-store';
export type { DecisionUnpacking } from './history-columns';
