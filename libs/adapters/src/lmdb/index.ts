export { LmdbEventLog, type LmdbEventLogOptions } from './lmdb-event-log';
export { LmdbOnlineStore, type LmdbOnlineStoreOptions } from './lmdb-online-store';
