export * from './feature-engine';
export * from './feature-plan';
export * from './view-plan';
export * from './view-reader';
export * from './point-in-time';
export * from './answer-case';
export * from './answer-text';
