export * from './pattern-stage';
export { patternCheck } from './pattern-check';
