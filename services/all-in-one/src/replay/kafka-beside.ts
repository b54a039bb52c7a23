import { PlatformaticEventLog } from '@weir/adapters/kafka';
import { kafkaOptionsOf } from '../suite/connections';
import type { LogBeside } from './log-beside';

export const openKafka = (brokers: readonly string[], lanes: number): LogBeside => new PlatformaticEventLog(kafkaOptionsOf(brokers, lanes));
