import type { FeatureType, FieldType } from '@weir/contracts';
import type { CelType } from './api';

export const celInt: CelType = Object.freeze({ kind: 'int' });
export const celDouble: CelType = Object.freeze({ kind: 'double' });
export const celBool: CelType = Object.freeze({ kind: 'bool' });
export const celString: CelType = Object.freeze({ kind: 'string' });
export const celTimestamp: CelType = Object.freeze({ kind: 'timestamp' });
export const celDuration: CelType = Object.freeze({ kind: 'duration' });
/** Of the literal `null` alone; no binding has it. */
export const celNull: CelType = Object.freeze({ kind: 'null' });
/** A type known at run time only, e.g. of an element of `last_n`. */
export const celDyn: CelType = Object.freeze({ kind: 'dyn' });
export const celList = (of: CelType): CelType => Object.freeze({ kind: 'list', of });
/** Keys are always text. */
export const celMap = (of: CelType): CelType => Object.freeze({ kind: 'map', of });

/** The type of a field of an event or a table: money is an integer of minor units. */
export function celTypeOfField(type: FieldType): CelType {
  switch (type) {
    case 'string': return celString;
    case 'number': return celDouble;
    case 'int': case 'money': return celInt;
    case 'bool': return celBool;
    case 'timestamp': return celTimestamp;
  }
}

export const isNumber = (type: CelType): boolean => type.kind === 'int' || type.kind === 'double';
export const isDyn = (type: CelType): boolean => type.kind === 'dyn';

/** A type as a message shows it: `int`, `list(string)`. */
export function typeText(type: CelType): string {
  if (type.kind === 'list') return `list(${typeText(type.of)})`;
  return type.kind === 'map' ? `map(string, ${typeText(type.of)})` : type.kind;
}

/** Whether values of the two types can be equal: the same kind, any two numbers, or one of them known at run time only. */
export function comparable(left: CelType, right: CelType): boolean {
  if (isDyn(left) || isDyn(right) || (isNumber(left) && isNumber(right))) return true;
  if (left.kind === 'list' && right.kind === 'list') return comparable(left.of, right.of);
  return left.kind === right.kind && left.kind !== 'map';
}

/** The type of a value that is either; undefined when there is none. An int beside a double is a double, null takes the other's type. */
export function commonType(left: CelType, right: CelType): CelType | undefined {
  if (left.kind === 'null') return right;
  if (right.kind === 'null') return left;
  if (isDyn(left) || isDyn(right)) return celDyn;
  if (isNumber(left) && isNumber(right)) return left.kind === right.kind ? left : celDouble;
  if ((left.kind === 'list' && right.kind === 'list') || (left.kind === 'map' && right.kind === 'map')) {
    const of = commonType(left.of, right.of);
    return of === undefined ? undefined : left.kind === 'list' ? celList(of) : celMap(of);
  }
  return left.kind === right.kind ? left : undefined;
}
