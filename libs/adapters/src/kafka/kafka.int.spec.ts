import { describeOn, kafkaServer } from '../testing-servers';
import { kafkaLogSuite } from '../kafka-common/kafka-log.spec-suite';
import { PlatformaticEventLog } from './index';

describe('Kafka by @platformatic/kafka', () => {
  describeOn(kafkaServer(), (broker) => kafkaLogSuite(broker, (options) => new PlatformaticEventLog(options)));
});
