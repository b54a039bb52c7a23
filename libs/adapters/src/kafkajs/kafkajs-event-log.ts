import { KafkaEventLog, type KafkaOptions } from '../kafka-common';
import { KafkaJsDriver } from './kafkajs-driver';

/** The log in Kafka by `kafkajs`. */
export class KafkaJsEventLog extends KafkaEventLog {
  constructor(options: KafkaOptions) {
    super(options, new KafkaJsDriver(options));
  }
}
