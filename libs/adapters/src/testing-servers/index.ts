export { kafkaServer, redisServer, redisClusterServer, postgresServer, describeOn, freshName, type TestServer } from './test-server';
export { freshDatabase } from './fresh-database';
