import { describeOn, kafkaServer } from '../testing-servers';
import { kafkaLogSuite } from '../kafka-common/kafka-log.spec-suite';
import { KafkaJsEventLog } from './index';

describe('Kafka by kafkajs', () => {
  describeOn(kafkaServer(), (broker) => kafkaLogSuite(broker, (options) => new KafkaJsEventLog(options)));
});
