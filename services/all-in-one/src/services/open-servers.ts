import { PlatformaticEventLog, type KafkaOptions } from '@weir/adapters/kafka';
import { RedisOnlineStore, RedisReplies } from '@weir/adapters/redis';
import { kafkaOptionsOf, redisConnectionOf } from '../suite/connections';
import type { ServiceConfig, StageName } from './service-config';

export const kafkaOptions = (config: ServiceConfig): KafkaOptions => ({ ...kafkaOptionsOf(config.brokers, config.lanes), prefix: `${config.prefix}.` });

export const openLog = (config: ServiceConfig, more: Pick<KafkaOptions, 'fencedTopics' | 'appendEveryMs'> = {}): PlatformaticEventLog => new PlatformaticEventLog({ ...kafkaOptions(config), ...more });

/** The state of one service, as its owners publish it. */
export const openState = (config: ServiceConfig, service: StageName): RedisOnlineStore => new RedisOnlineStore({ ...redisConnectionOf(config.redisUrl), prefix: `${config.prefix}:${service}` });

export const openReplies = (config: ServiceConfig): RedisReplies => new RedisReplies({ ...redisConnectionOf(config.redisUrl), prefix: config.prefix });

/** What a gateway built of views, for the owners of the lanes. */
export const openBuild = (config: ServiceConfig) => (id: string): RedisOnlineStore => new RedisOnlineStore({ ...redisConnectionOf(config.redisUrl), prefix: `${config.prefix}:build-${id}` });
