export { KafkaEventLog } from './kafka-event-log';
export { OffsetOutOfRange, ProducerFenced, type Fetched, type KafkaDriver, type PartitionFetcher } from './kafka-driver';
export { kafkaDefaults, type Compression, type KafkaOptions } from './kafka-options';
export { topicThere } from './topic-there';
