export { kafkaServer, redisServer, redisClusterServer, postgresServer, describeOn, freshName, serversScript, type TestServer } from './test-server';
export { freshDatabase } from './fresh-database';
export { OwnServer, ownServers, type OwnKafkaSpec, type OwnRedisSpec } from './own-server';
export { TcpProxy } from './tcp-proxy';
export { testCertificates, type TestCertificates } from './certificates';
