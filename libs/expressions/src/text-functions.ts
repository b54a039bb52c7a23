import type { CelValue } from './api';
import type { BuiltIn } from './built-in';
import { constantText, evaluateOf, isKind } from './built-in';
import { textMatcher } from './text-pattern';
import { refuseAt } from './scope';
import { celBool, celInt, celString } from './types';

const test = (name: string, holds: (text: string, part: string) => boolean): [string, BuiltIn] => [name, {
  style: 'method',
  signature: `string.${name}(string)`,
  type: (types) => (types.length === 2 && types.every((type) => isKind(type, 'string')) ? celBool : undefined),
  make: (operands, place) => {
    const read = evaluateOf(operands, 0, place), readPart = evaluateOf(operands, 1, place);
    const constant = constantText(operands[1]);
    if (constant !== undefined) return (frame) => { const text = read(frame); return typeof text === 'string' ? holds(text, constant) : undefined; };
    return (frame) => { const text = read(frame), part = readPart(frame); return typeof text === 'string' && typeof part === 'string' ? holds(text, part) : undefined; };
  },
}];

const change = (name: string, changed: (text: string) => string): [string, BuiltIn] => [name, {
  style: 'method',
  signature: `string.${name}()`,
  type: (types) => (types.length === 1 && isKind(types[0], 'string') ? celString : undefined),
  make: (operands, place) => { const read = evaluateOf(operands, 0, place); return (frame) => { const text = read(frame); return typeof text === 'string' ? changed(text) : undefined; }; },
}];

const matches: BuiltIn = {
  style: 'both',
  signature: 'string.matches("pattern"), RE2 syntax',
  type: (types) => (types.length === 2 && types.every((type) => isKind(type, 'string')) ? celBool : undefined),
  make: (operands, place) => {
    const read = evaluateOf(operands, 0, place);
    const [, pattern] = operands;
    const constant = constantText(pattern);
    const at = { ...place, at: pattern?.at ?? place.at };
    if (constant === undefined) return refuseAt(at, { field: pattern?.text ?? place.text, expected: 'a constant pattern', got: 'a pattern known at run time only, not supported' });
    const matcher = textMatcher(constant);
    if (typeof matcher === 'string') return refuseAt(at, { field: pattern?.text ?? place.text, expected: 'a pattern in RE2 syntax', got: matcher });
    return (frame) => { const text = read(frame); return typeof text === 'string' ? matcher(text) : undefined; };
  },
};

const size: BuiltIn = {
  style: 'both',
  signature: 'size(string, list or map)',
  type: (types) => (types.length === 1 && isKind(types[0], 'string', 'list', 'map') ? celInt : undefined),
  make: (operands, place) => { const read = evaluateOf(operands, 0, place); return (frame) => sizeOf(read(frame)); },
};

/** Code points of a text, elements of a list, keys of a map. */
function sizeOf(value: CelValue): number | undefined {
  if (typeof value === 'string') return codePoints(value);
  if (typeof value !== 'object') return undefined;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

function codePoints(text: string): number {
  let count = text.length;
  for (let index = 1; index < text.length; index++) {
    const isPair = (text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800;
    if (isPair) count--;
  }
  return count;
}

const isSpace = (character: string | undefined): boolean => character !== undefined && /\p{White_Space}/u.test(character);

/** Without white space at both ends, by Unicode's property: JavaScript's trim leaves U+0085 and takes U+FEFF. */
function trimmed(text: string): string {
  let start = 0, end = text.length;
  while (start < end && isSpace(text[start])) start++;
  while (end > start && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

export const textFunctions: ReadonlyMap<string, BuiltIn> = new Map([
  ['size', size],
  test('startsWith', (text, part) => text.startsWith(part)),
  test('endsWith', (text, part) => text.endsWith(part)),
  test('contains', (text, part) => text.includes(part)),
  ['matches', matches],
  change('lowerAscii', (text) => text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())),
  change('upperAscii', (text) => text.replace(/[a-z]+/g, (lower) => lower.toUpperCase())),
  change('trim', trimmed),
]);
