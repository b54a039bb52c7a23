export { RedisOnlineStore, type RedisOnlineStoreOptions } from './redis-online-store';
export { RedisReplies, type RedisRepliesOptions } from './redis-replies';
export type { RedisConnection } from './connection';
