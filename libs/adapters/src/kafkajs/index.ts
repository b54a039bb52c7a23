export { KafkaJsEventLog } from './kafkajs-event-log';
