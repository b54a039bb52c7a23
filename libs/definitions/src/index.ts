export * from './definition-set';
export * from './condition-frame';
