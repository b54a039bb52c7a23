export * from './pattern-stage';
export { patternCheck } from '@weir/patterns';
export * from './pattern-work';
