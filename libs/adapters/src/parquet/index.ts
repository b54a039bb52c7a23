export { ParquetOfflineStore, type ParquetOfflineStoreOptions } from './parquet-offline-store';
