export { PlatformaticEventLog } from './platformatic-event-log';
export type { KafkaOptions } from '../kafka-common';
