export * from './feature-stage';
export type { FeatureReadAnswer, FeatureReadQuestion } from './feature-reads';
export type { ForeignShards } from './foreign-shards';
export type { ViewRecord } from './view-register';
export { decodeShard, encodeShard, type ShardHead } from './state-shard';
export { answerFeatureCase, type AnsweredRow, type FeatureQuestion } from '@weir/features';
export * from './feature-work';
export * from './stored-shards';
export { ProfileTables, tablePrefix } from './profile-tables';
