export * from './api';
export { compile, compileCondition } from './compile';
export { celBool, celDouble, celDuration, celDyn, celInt, celList, celMap, celNull, celString, celTimestamp, celTypeOfField, commonType, comparable, isNumber, typeText } from './types';
export { expressionCharactersMax, nestingMax } from './syntax';
export { patternCharactersMax, textMatcher } from './text-pattern';
export { durationText, parseDuration, parseTimestamp, timestampText } from './time-text';
export { zoneOffset } from './zone';
