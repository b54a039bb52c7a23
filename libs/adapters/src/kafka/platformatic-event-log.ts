import { KafkaEventLog, type KafkaOptions } from '../kafka-common';
import { PlatformaticDriver } from './platformatic-driver';

/** The log in Kafka by `@platformatic/kafka`: the one that is used unless another is asked for. */
export class PlatformaticEventLog extends KafkaEventLog {
  constructor(options: KafkaOptions) {
    super(options, new PlatformaticDriver(options));
  }
}
