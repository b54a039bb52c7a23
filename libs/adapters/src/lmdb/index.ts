export { LmdbEventLog, type LmdbEventLogOptions } from './lmdb-event-log';
export { LmdbOnlineStore, type LmdbOnlineStoreOptions } from './lmdb-online-store';
export { LmdbDecisionStore, type LmdbDecisionStoreOptions } from './lmdb-decision-store';
export { ThreadedDecisionStore, type ThreadedDecisionStoreOptions } from './threaded-decision-store';
export { LmdbLogReader, LmdbDecisionReader } from './lmdb-readers';
export { LmdbOutcomeLog, type OutcomeBlock } from './lmdb-outcome-log';
export { LmdbDecisionTail } from './decision-tail';
export { copyEnvironment } from './copy-environment';
