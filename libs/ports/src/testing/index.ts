export { modelRuntimeContract, type KnownModel } from './model-runtime.contract';
export * from './registry.contract';
export * from './case-store.contract';
export * from './quarantine.contract';
export { eventLogContract, type LogUnderTest } from './event-log.contract';
export { onlineStoreContract, type StoreUnderTest } from './online-store.contract';
export { decisionRowOf, decisionStoreContract, type DecisionStoreUnderTest } from './decision-store.contract';
export { offlineStoreContract, type OfflineStoreUnderTest } from './offline-store.contract';
