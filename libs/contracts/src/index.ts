// By name: `export *` compiles to a lookup by a computed name at every use, which the hot paths feel.
export { type Value, type FeatureValue, type FieldType, type FeatureType } from './values';
export { decisionId, originOfDecisionId, type Origin } from './origin';
export { entityKey, eventKey } from './entity-key';
export { type StreamEvent } from './stream-event';
export { featureStatuses, statusCode, isNumericType, featureValue, vectorToRecord, type FeatureStatus, type FeatureLayout, type FeatureVector } from './feature-vector';
export { type RawBody, type RawRecord, type Backfill, type BackfilledView, type ListChange, type TableChange } from './lane-record';
export { type LaneTime, type EventItem, type ControlItem, type LaneItem, type PatternMatch, type IngestRefusal } from './lane-item';
export { decidedByOrder, type Outcome, type DecidedBy, type Reason, type ListAddition, type Verdict, type Envelope, type Decision } from './decision';
export { textToBytes, textFromBytes } from './text-bytes';
export { ByteWriter } from './byte-writer';
export { ByteReader, type Places } from './byte-reader';
export { errorCodes, WeirError, type ErrorCode, type Finding } from './errors';
export type { Aggregate, Window } from './window';
export { isSampled, parseTraceparent, traceHeader, traceIdOf, traceparentOf, type TraceContext } from './trace-context';
