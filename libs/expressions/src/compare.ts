import type { CelValue, Expression } from './api';
import type { Evaluate, Place } from './scope';
import { folded, refuseAt } from './scope';
import { celBool, comparable, isNumber, typeText } from './types';

export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export const isCompareOperator = (text: string): text is CompareOperator => ['==', '!=', '<', '<=', '>', '>='].includes(text);

const mirrored: Readonly<Record<CompareOperator, CompareOperator>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** A comparison; `x == null` asks whether x is missing, any other comparison with a missing value is unknown. */
export function compareNode<Frame>(op: CompareOperator, [left, right]: readonly [Expression<Frame>, Expression<Frame>], place: Place): Expression<Frame> {
  return folded({ node: 'compare', op, left, right, type: celBool, at: place.at, text: place.text, evaluate: comparison(op, left, right, place) }, [left, right]);
}

function comparison<Frame>(op: CompareOperator, left: Expression<Frame>, right: Expression<Frame>, place: Place): Evaluate<Frame> {
  const isEquality = op === '==' || op === '!=';
  if (left.type.kind === 'null' || right.type.kind === 'null') {
    // Null has no order: such a comparison is never known.
    if (!isEquality) return () => undefined;
    return nullTest(op, left.type.kind === 'null' ? right : left);
  }
  if (!comparable(left.type, right.type)) return refuseAt(place, { field: op, expected: `${isNumber(left.type) ? 'a number' : typeText(left.type)} to compare ${left.text} with`, got: `${typeText(right.type)} ${right.text}` });
  const { kind } = left.type.kind === 'dyn' ? right.type : left.type;
  if (!isEquality && (kind === 'list' || kind === 'map')) return refuseAt(place, { field: op, expected: '== or != between lists', got: op });
  if (left.type.kind === 'dyn' || right.type.kind === 'dyn' || kind === 'list' || kind === 'map') return dynamicComparison(op, left.evaluate, right.evaluate);
  if (isNumber(left.type) || kind === 'timestamp' || kind === 'duration') return numberComparison(op, left, right);
  if (kind === 'string') return isEquality ? textEquality(op, left, right) : textOrder(op, left.evaluate, right.evaluate);
  return boolComparison(op, left.evaluate, right.evaluate);
}

function nullTest<Frame>(op: '==' | '!=', { evaluate }: Expression<Frame>): Evaluate<Frame> {
  return op === '==' ? (frame) => evaluate(frame) === undefined : (frame) => evaluate(frame) !== undefined;
}

function numberComparison<Frame>(op: CompareOperator, left: Expression<Frame>, right: Expression<Frame>): Evaluate<Frame> {
  if (right.node === 'literal' && typeof right.value === 'number') return numberWithLimit(op, left.evaluate, right.value);
  if (left.node === 'literal' && typeof left.value === 'number') return numberWithLimit(mirrored[op], right.evaluate, left.value);
  return numberWithNumber(op, left.evaluate, right.evaluate);
}

/** The most frequent shape, `path op constant`: one call, one type check, one comparison. */
function numberWithLimit<Frame>(op: CompareOperator, read: Evaluate<Frame>, limit: number): Evaluate<Frame> {
  switch (op) {
    case '==': return (frame) => { const value = read(frame); return typeof value === 'number' ? value === limit : undefined; };
    case '!=': return (frame) => { const value = read(frame); return typeof value === 'number' ? value !== limit : undefined; };
    case '<': return (frame) => { const value = read(frame); return typeof value === 'number' ? value < limit : undefined; };
    case '<=': return (frame) => { const value = read(frame); return typeof value === 'number' ? value <= limit : undefined; };
    case '>': return (frame) => { const value = read(frame); return typeof value === 'number' ? value > limit : undefined; };
    case '>=': return (frame) => { const value = read(frame); return typeof value === 'number' ? value >= limit : undefined; };
  }
}

function numberWithNumber<Frame>(op: CompareOperator, left: Evaluate<Frame>, right: Evaluate<Frame>): Evaluate<Frame> {
  switch (op) {
    case '==': return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? a === b : undefined; };
    case '!=': return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? a !== b : undefined; };
    case '<': return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? a < b : undefined; };
    case '<=': return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? a <= b : undefined; };
    case '>': return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? a > b : undefined; };
    case '>=': return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? a >= b : undefined; };
  }
}

function textEquality<Frame>(op: '==' | '!=', left: Expression<Frame>, right: Expression<Frame>): Evaluate<Frame> {
  const constant = right.node === 'literal' ? right.value : left.node === 'literal' ? left.value : undefined;
  if (typeof constant === 'string') {
    const read = right.node === 'literal' ? left.evaluate : right.evaluate;
    return op === '=='
      ? (frame) => { const value = read(frame); return typeof value === 'string' ? value === constant : undefined; }
      : (frame) => { const value = read(frame); return typeof value === 'string' ? value !== constant : undefined; };
  }
  const a = left.evaluate, b = right.evaluate;
  return op === '=='
    ? (frame) => { const one = a(frame), other = b(frame); return typeof one === 'string' && typeof other === 'string' ? one === other : undefined; }
    : (frame) => { const one = a(frame), other = b(frame); return typeof one === 'string' && typeof other === 'string' ? one !== other : undefined; };
}

function textOrder<Frame>(op: CompareOperator, left: Evaluate<Frame>, right: Evaluate<Frame>): Evaluate<Frame> {
  return (frame) => {
    const a = left(frame), b = right(frame);
    return typeof a === 'string' && typeof b === 'string' ? signHolds(op, compareText(a, b)) : undefined;
  };
}

function boolComparison<Frame>(op: CompareOperator, left: Evaluate<Frame>, right: Evaluate<Frame>): Evaluate<Frame> {
  return (frame) => {
    const a = left(frame), b = right(frame);
    return typeof a === 'boolean' && typeof b === 'boolean' ? signHolds(op, Number(a) - Number(b)) : undefined;
  };
}

/** Types known at run time only: values of different types are unequal, and their order is unknown. */
function dynamicComparison<Frame>(op: CompareOperator, left: Evaluate<Frame>, right: Evaluate<Frame>): Evaluate<Frame> {
  if (op === '==') return (frame) => equalValues(left(frame), right(frame));
  if (op === '!=') return (frame) => { const equal = equalValues(left(frame), right(frame)); return equal === undefined ? undefined : !equal; };
  return (frame) => orderHolds(op, left(frame), right(frame));
}

/** Three-valued equality of any two values; null inside a list is as unknown as a missing value. */
export function equalValues(left: unknown, right: unknown): boolean | undefined {
  if (left === undefined || right === undefined || left === null || right === null) return undefined;
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right;
  if (left.length !== right.length) return false;
  let equal: boolean | undefined = true;
  for (let index = 0; index < left.length; index++) {
    const same = equalValues(left[index], right[index]);
    if (same === false) return false;
    if (same === undefined) equal = undefined;
  }
  return equal;
}

function orderHolds(op: CompareOperator, left: CelValue, right: CelValue): boolean | undefined {
  if (typeof left === 'number' && typeof right === 'number') return signHolds(op, left < right ? -1 : left > right ? 1 : 0);
  if (typeof left === 'string' && typeof right === 'string') return signHolds(op, compareText(left, right));
  return typeof left === 'boolean' && typeof right === 'boolean' ? signHolds(op, Number(left) - Number(right)) : undefined;
}

function signHolds(op: CompareOperator, sign: number): boolean {
  switch (op) {
    case '==': return sign === 0;
    case '!=': return sign !== 0;
    case '<': return sign < 0;
    case '<=': return sign <= 0;
    case '>': return sign > 0;
    case '>=': return sign >= 0;
  }
}

/** Order by code points, as CEL has it; JavaScript's own is by UTF-16 units and puts U+1F600 before U+FFFD. */
function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index), b = right.charCodeAt(index);
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? (b >= 0xe000 ? 1 : a - b) : a >= 0xe000 ? -1 : a - b;
  }
  return left.length - right.length;
}
const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
