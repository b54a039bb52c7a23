import type { CelType, CelValue } from './api';
import type { BuiltIn } from './built-in';
import { evaluateOf, isKind } from './built-in';
import { durationText, timestampText } from './time-text';
import { celBool, celDouble, celDyn, celInt, celString } from './types';

/** A function of one value; a missing one stays missing. */
function unary(signature: string, type: (type: CelType) => CelType | undefined, of: (value: CelValue, type: CelType) => CelValue): BuiltIn {
  return {
    style: 'global',
    signature,
    type: ([operand, ...rest]) => (operand === undefined || rest.length > 0 ? undefined : type(operand)),
    make: (operands, place) => {
      const read = evaluateOf(operands, 0, place), operandType = operands[0]?.type ?? celDyn;
      return (frame) => { const value = read(frame); return value === undefined ? undefined : of(value, operandType); };
    },
  };
}

const number = (name: string, of: (value: number) => number, made: (type: CelType) => CelType): [string, BuiltIn] => [name, unary(`${name}(number)`,
  (type) => (isKind(type, 'int', 'double') ? made(type) : undefined),
  (value) => (typeof value === 'number' ? of(value) + 0 : undefined))];
const sameNumber = (type: CelType): CelType => (type.kind === 'int' ? celInt : celDouble);

const extreme = (name: string, of: (a: number, b: number) => number): [string, BuiltIn] => [name, {
  style: 'global',
  signature: `${name}(number, number, …)`,
  type: (types) => (types.length > 0 && types.every((type) => isKind(type, 'int', 'double')) ? (types.every((type) => type.kind === 'int') ? celInt : celDouble) : undefined),
  make: (operands) => (frame) => {
    let best: number | undefined;
    for (let index = 0; index < operands.length; index++) {
      const value = operands[index]?.evaluate(frame);
      if (typeof value !== 'number') return undefined;
      best = best === undefined ? value : of(best, value);
    }
    return best;
  },
}];

const safe = (value: number): CelValue => (Number.isSafeInteger(value) ? value + 0 : undefined);
const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const roundAwayFromZero = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

function toInt(value: CelValue, type: CelType): CelValue {
  if (typeof value === 'number') return safe(type.kind === 'timestamp' ? Math.floor(value / 1000) : Math.trunc(value));
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? safe(Number(value)) : undefined;
}

function toDouble(value: CelValue): CelValue {
  if (typeof value === 'string') return decimal.test(value) && Number.isFinite(Number(value)) ? Number(value) : undefined;
  return typeof value === 'number' ? value : undefined;
}

function toText(value: CelValue, type: CelType): CelValue {
  if (typeof value === 'number' && type.kind === 'timestamp') return timestampText(value);
  if (typeof value === 'number' && type.kind === 'duration') return durationText(value);
  return typeof value === 'object' ? undefined : String(value);
}

const boolByText: ReadonlyMap<CelValue, boolean> = new Map([...['1', 't', 'true', 'TRUE', 'True'].map((text) => [text, true] as const), ...['0', 'f', 'false', 'FALSE', 'False'].map((text) => [text, false] as const)]);
const toBool = (value: CelValue): CelValue => (typeof value === 'boolean' ? value : boolByText.get(value));

export const numberFunctions: ReadonlyMap<string, BuiltIn> = new Map([
  ['int', unary('int(number, string or timestamp)', (type) => (isKind(type, 'int', 'double', 'string', 'timestamp') ? celInt : undefined), toInt)],
  ['double', unary('double(number or string)', (type) => (isKind(type, 'int', 'double', 'string') ? celDouble : undefined), toDouble)],
  ['string', unary('string(value)', (type) => (isKind(type, 'int', 'double', 'string', 'bool', 'timestamp', 'duration') ? celString : undefined), toText)],
  ['bool', unary('bool(bool or string)', (type) => (isKind(type, 'bool', 'string') ? celBool : undefined), toBool)],
  ['dyn', unary('dyn(value)', () => celDyn, (value) => value)],
  number('abs', Math.abs, sameNumber), number('math.abs', Math.abs, sameNumber), number('math.sign', Math.sign, sameNumber),
  number('math.ceil', Math.ceil, sameNumber), number('math.floor', Math.floor, sameNumber), number('math.round', roundAwayFromZero, sameNumber),
  extreme('math.least', Math.min), extreme('math.greatest', Math.max),
]);
