export { ItemCodec, passedOver, type LayoutOf, type ReadItem } from './item-codec';
export { ProtoReader } from './proto-reader';
export { ProtoWriter } from './proto-writer';
export { DecisionProto, type DecisionLayouts } from './decision-proto';
