export { PlatformaticEventLog } from './platformatic-event-log';
export { LaneOwnership, type LaneChange, type LaneOwnershipOptions } from './lane-ownership';
export type { Compression, KafkaOptions } from '../kafka-common';
