import { PlatformaticEventLog, type KafkaOptions } from '@weir/adapters/kafka';
import { RedisOnlineStore, RedisReplies } from '@weir/adapters/redis';
import type { OnlineStore } from '@weir/ports';
import type { ServiceConfig, StageName } from './service-config';

export const kafkaOptions = (config: ServiceConfig): KafkaOptions => ({ brokers: config.brokers, lanes: config.lanes, prefix: `${config.prefix}.` });

export const openLog = (config: ServiceConfig): PlatformaticEventLog => new PlatformaticEventLog(kafkaOptions(config));

/** The state of one service, as its owners publish it. */
export const openState = (config: ServiceConfig, service: StageName): OnlineStore => new RedisOnlineStore({ url: config.redisUrl, prefix: `${config.prefix}:${service}` });

export const openReplies = (config: ServiceConfig): RedisReplies => new RedisReplies({ url: config.redisUrl, prefix: config.prefix });
