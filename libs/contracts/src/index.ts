export * from './values';
export * from './origin';
export * from './stream-event';
export * from './feature-vector';
export * from './lane-record';
export * from './lane-item';
export * from './decision';
export * from './errors';
