import type { CelType, CelValue, Expression } from './api';
import { isTimestamp } from './civil-time';
import type { Evaluate, Place } from './scope';
import { folded, refuseAt } from './scope';
import { celDouble, celDuration, celInt, celString, celTimestamp, isDyn, isNumber, typeText } from './types';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export const isArithmeticOperator = (text: string): text is ArithmeticOperator => ['+', '-', '*', '/', '%'].includes(text);

/** An int within ±(2^53 − 1), else unknown: no integer is ever rounded. Adding 0 turns −0 into 0. */
const asInt = (value: number): CelValue => (Number.isSafeInteger(value) ? value + 0 : undefined);
const asDouble = (value: number): CelValue => (Number.isFinite(value) ? value : undefined);

export function arithmeticNode<Frame>(op: ArithmeticOperator, [left, right]: readonly [Expression<Frame>, Expression<Frame>], place: Place): Expression<Frame> {
  const type = arithmeticType(op, left.type, right.type);
  if (type === undefined) return refuseAt(place, { field: op, expected: expectedRight(op, left.type), got: `${typeText(left.type)} ${op} ${typeText(right.type)}` });
  const evaluate = operation(op, type, left.evaluate, right.evaluate);
  return folded({ node: 'call', name: op, operands: [left, right], type, at: place.at, text: place.text, evaluate }, [left, right]);
}

export function negationNode<Frame>(operand: Expression<Frame>, place: Place): Expression<Frame> {
  const { kind } = operand.type;
  if (!isNumber(operand.type) && kind !== 'dyn' && kind !== 'duration') return refuseAt(place, { field: '-', expected: 'a number after -', got: typeText(operand.type) });
  const inner = operand.evaluate;
  const evaluate: Evaluate<Frame> = (frame) => { const value = inner(frame); return typeof value === 'number' ? 0 - value : undefined; };
  return folded({ node: 'call', name: '-', operands: [operand], type: kind === 'dyn' ? celDouble : operand.type, at: place.at, text: place.text, evaluate }, [operand]);
}

/** Numbers whose type is known at run time only count as doubles: a value alone does not say that it was an int. */
function arithmeticType(op: ArithmeticOperator, left: CelType, right: CelType): CelType | undefined {
  if (left.kind === 'int' && right.kind === 'int') return celInt;
  if (op === '%') return undefined;
  const numbers = (isNumber(left) || isDyn(left)) && (isNumber(right) || isDyn(right));
  if (numbers) return celDouble;
  const [a, b] = [left.kind, right.kind];
  if (op === '+') {
    if (a === 'string' && b === 'string') return celString;
    if ((a === 'timestamp' && b === 'duration') || (a === 'duration' && b === 'timestamp')) return celTimestamp;
    return a === 'duration' && b === 'duration' ? celDuration : undefined;
  }
  if (op !== '-') return undefined;
  if (a === 'timestamp') return b === 'timestamp' ? celDuration : b === 'duration' ? celTimestamp : undefined;
  return a === 'duration' && b === 'duration' ? celDuration : undefined;
}

function expectedRight(op: ArithmeticOperator, left: CelType): string {
  if (op === '%') return 'int % int';
  if (op === '+') return left.kind === 'string' ? 'string + string' : 'two numbers, two strings, or a timestamp and a duration';
  return op === '-' ? 'two numbers, two timestamps, or a timestamp and a duration' : 'two numbers';
}

function operation<Frame>(op: ArithmeticOperator, type: CelType, left: Evaluate<Frame>, right: Evaluate<Frame>): Evaluate<Frame> {
  if (type.kind === 'string') return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'string' && typeof b === 'string' ? a + b : undefined; };
  if (type.kind === 'timestamp') return moved(op === '-' ? -1 : 1, left, right);
  const isInt = type.kind !== 'double';
  switch (op) {
    case '+': return isInt
      ? (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? asInt(a + b) : undefined; }
      : (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? asDouble(a + b) : undefined; };
    case '-': return isInt
      ? (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? asInt(a - b) : undefined; }
      : (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? asDouble(a - b) : undefined; };
    case '*': return isInt
      ? (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? asInt(a * b) : undefined; }
      : (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' ? asDouble(a * b) : undefined; };
    // (a − a % b) / b is exact where Math.trunc(a / b) may have rounded up.
    case '/': return isInt
      ? (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' && b !== 0 ? asInt((a - (a % b)) / b) : undefined; }
      : (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' && b !== 0 ? asDouble(a / b) : undefined; };
    case '%': return (frame) => { const a = left(frame), b = right(frame); return typeof a === 'number' && typeof b === 'number' && b !== 0 ? asInt(a % b) : undefined; };
  }
}

/** A timestamp and a duration; outside the years 1 to 9999 unknown. */
function moved<Frame>(sign: 1 | -1, left: Evaluate<Frame>, right: Evaluate<Frame>): Evaluate<Frame> {
  return (frame) => {
    const a = left(frame), b = right(frame);
    if (typeof a !== 'number' || typeof b !== 'number') return undefined;
    const atMs = a + sign * b;
    return isTimestamp(atMs) ? atMs : undefined;
  };
}
