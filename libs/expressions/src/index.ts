export * from './api';
export { assertBoolean, compile, compileCondition } from './compile';
export { celBool, celDouble, celDuration, celDyn, celInt, celList, celMap, celNull, celString, celTimestamp, celTypeOfFeature, celTypeOfField, commonType, comparable, isNumber, typeText } from './types';
export { decisiveLeaves, explain, leafText, truthOf } from './explain';
export type { Explanation, Side, Truth } from './explain';
export { expressionCharactersMax, nestingMax } from './syntax';
export { patternCharactersMax, textMatcher } from './text-pattern';
export { durationText, parseDuration, parseTimestamp, timestampText } from './time-text';
export { zoneOffset } from './zone';
