import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaOptionsOf, redisConnectionOf } from './connections';

const file = join(mkdtempSync(join(tmpdir(), 'weir-test-')), 'authority.pem');
writeFileSync(file, 'PEM');

describe('Addresses of servers', () => {
  it.each([
    ['redis://h:1', { url: 'redis://h:1' }], ['rediss://u:p@h:1', { url: 'rediss://u:p@h:1' }], ['redis://a:1, redis://b:2', { cluster: ['redis://a:1', 'redis://b:2'] }],
    ['redis+sentinel://a:1,b/weir', { sentinels: { name: 'weir', nodes: [{ host: 'a', port: 1 }, { host: 'b', port: 26_379 }] } }],
    ['rediss+sentinel://a:1/weir', { tls: {}, sentinels: { name: 'weir', nodes: [{ host: 'a', port: 1 }] } }],
    ['redis+sentinel://u:p%40@a:1/weir', { username: 'u', password: 'p@', sentinels: { name: 'weir', nodes: [{ host: 'a', port: 1 }] } }],
  ])('%s is understood', (address, connection) => { expect(redisConnectionOf(address, {})).toEqual(connection); });

  it('of Redis: an authority turns TLS on', () => {
    expect(redisConnectionOf('rediss+sentinel://a:1/weir', { WEIR_REDIS_CA: file })).toEqual({ tls: { ca: 'PEM' }, sentinels: { name: 'weir', nodes: [{ host: 'a', port: 1 }] } });
    expect(redisConnectionOf('redis://h:1', { WEIR_REDIS_CA: file })).toEqual({ url: 'redis://h:1', tls: { ca: 'PEM' } });
  });

  it.each(['', 'h:1', 'http://h', 'redis://', 'redis://a:1,b:2', 'redis+sentinel://a:1'])('of Redis: %j is refused, and no password shown', (address) => {
    expect(() => redisConnectionOf(address, {})).toThrow(expect.objectContaining({ code: 'WEIR_USAGE' }) as Error);
    expect(() => redisConnectionOf('http://u:secret@h', {})).not.toThrow(/secret/);
  });

  it('Kafka: TLS, password and copies come from the environment', () => {
    expect(kafkaOptionsOf(['b:1'], 2, {})).toEqual({ brokers: ['b:1'], lanes: 2, prefix: 'weir.', replicationFactor: 1, inSyncReplicasMin: 1 });
    expect(kafkaOptionsOf(['b:1'], 1, { WEIR_PREFIX: 'eu', WEIR_KAFKA_CA: file, WEIR_KAFKA_USERNAME: 'u', WEIR_KAFKA_PASSWORD: 'p', WEIR_KAFKA_REPLICATION: '3', WEIR_KAFKA_IN_SYNC_MIN: '2' }))
      .toEqual({ brokers: ['b:1'], lanes: 1, prefix: 'eu.', replicationFactor: 3, inSyncReplicasMin: 2, tls: { ca: 'PEM' }, sasl: { mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p' } });
    expect(() => kafkaOptionsOf(['b:1'], 1, { WEIR_KAFKA_CA: '/no/such/file' })).toThrow(expect.objectContaining({ code: 'WEIR_USAGE', message: expect.stringContaining('WEIR_KAFKA_CA') as string }) as Error);
    expect(() => kafkaOptionsOf(['b:1'], 1, { WEIR_KAFKA_MECHANISM: 'MD5' })).toThrow(expect.objectContaining({ code: 'WEIR_USAGE' }) as Error);
  });
});
