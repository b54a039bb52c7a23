import type { CelType, CelValue, Expression } from './api';
import { equalValues } from './compare';
import type { Evaluate, Place } from './scope';
import { folded, refuseAt } from './scope';
import { celBool, celDyn, comparable, commonType, celList, celMap, isDyn, typeText } from './types';

/** From how many constants on a hash set is faster than comparing one by one. */
const constantsForSet = 5;

/** `x in list`: by value, so 1 is in [1.0]. Unknown where x is, and where it is not found beside an unknown element. */
export function inNode<Frame>([left, right]: readonly [Expression<Frame>, Expression<Frame>], place: Place): Expression<Frame> {
  const { kind } = right.type;
  if (kind !== 'list' && kind !== 'map' && kind !== 'dyn') return refuseAt(place, { field: 'in', expected: 'a list, a map or lists.NAME after in', got: `${typeText(right.type)} ${right.text}` });
  if (right.type.kind === 'map' && left.type.kind !== 'string' && !isDyn(left.type)) return refuseAt(place, { field: 'in', expected: 'a string before in: keys of a map are text', got: typeText(left.type) });
  if (right.node === 'list') for (const element of right.operands) checkElement(left, element.type, element.text, place);
  else if (right.type.kind === 'list') checkElement(left, right.type.of, right.text, place);
  if (right.node === 'literal' && isList(right.value)) checkConstants(left, right.value, place);
  const evaluate = right.node === 'list' ? inElements(left.evaluate, right.operands) : inValue(left.evaluate, right);
  return folded({ node: 'in', left, right, type: celBool, at: place.at, text: place.text, evaluate }, [left, right]);
}

function checkElement<Frame>(left: Expression<Frame>, element: CelType, text: string, place: Place): void {
  if (!comparable(left.type, element)) refuseAt(place, { field: 'in', expected: `${typeText(left.type)} elements to find ${left.text} among`, got: `${typeText(element)} ${text}` });
}

/** A list of constants of several types: each is held against the type before `in`. */
function checkConstants<Frame>(left: Expression<Frame>, constants: readonly unknown[], place: Place): void {
  if (left.type.kind === 'list' || left.type.kind === 'map' || isDyn(left.type)) return;
  const wanted = left.type.kind === 'string' ? 'string' : left.type.kind === 'bool' ? 'boolean' : 'number';
  for (const constant of constants) {
    if (constant !== undefined && typeof constant !== wanted) refuseAt(place, { field: 'in', expected: `${typeText(left.type)} elements to find ${left.text} among`, got: `${typeof constant} ${JSON.stringify(constant)}` });
  }
}

/** `x in lists.NAME`. */
export function inNamedList<Frame>(left: Expression<Frame>, named: { readonly list: string; readonly test: (frame: Frame, value: CelValue) => boolean | undefined }, place: Place): Expression<Frame> {
  const read = left.evaluate, { list, test } = named;
  const evaluate: Evaluate<Frame> = (frame) => { const value = read(frame); return value === undefined ? undefined : test(frame, value); };
  return { node: 'in', left, right: { list }, type: celBool, at: place.at, text: place.text, evaluate };
}

function inValue<Frame>(read: Evaluate<Frame>, right: Expression<Frame>): Evaluate<Frame> {
  if (right.node === 'literal' && Array.isArray(right.value)) return inConstants(read, right.value);
  const readAll = right.evaluate;
  return (frame) => {
    const value = read(frame), all = readAll(frame);
    if (value === undefined || typeof all !== 'object') return undefined;
    return isList(all) ? holds(all, value) : typeof value === 'string' ? Object.hasOwn(all, value) : undefined;
  };
}

function inElements<Frame>(read: Evaluate<Frame>, elements: readonly Expression<Frame>[]): Evaluate<Frame> {
  const closures = elements.map((element) => element.evaluate);
  return (frame) => {
    const value = read(frame);
    if (value === undefined) return undefined;
    let isKnown = true;
    for (let index = 0; index < closures.length; index++) {
      const same = equalValues(value, (closures[index] as Evaluate<Frame>)(frame));
      if (same === true) return true;
      if (same === undefined) isKnown = false;
    }
    return isKnown ? false : undefined;
  };
}

function inConstants<Frame>(read: Evaluate<Frame>, constants: readonly unknown[]): Evaluate<Frame> {
  const scalars = constants.every((constant) => typeof constant !== 'object' && constant !== undefined);
  if (scalars && constants.length >= constantsForSet) {
    const set = new Set(constants);
    return (frame) => { const value = read(frame); return value === undefined ? undefined : set.has(value); };
  }
  return (frame) => { const value = read(frame); return value === undefined ? undefined : holds(constants, value); };
}

function holds(list: readonly unknown[], value: CelValue): boolean | undefined {
  let isKnown = true;
  for (let index = 0; index < list.length; index++) {
    const same = equalValues(value, list[index]);
    if (same === true) return true;
    if (same === undefined) isKnown = false;
  }
  return isKnown ? false : undefined;
}

export const isList = (value: CelValue): value is readonly unknown[] => Array.isArray(value);

/** What a list or a map holds, as an expression's value: null and everything that is no value is missing. */
export function elementValue(value: unknown): CelValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value;
  return isRecord(value) ? value : undefined;
}
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** `list[i]` and `map["key"]`; outside the list, and where the map has no such key, unknown. */
export function indexNode<Frame>([operand, index]: readonly [Expression<Frame>, Expression<Frame>], place: Place): Expression<Frame> {
  const { type } = operand;
  if (type.kind !== 'list' && type.kind !== 'map' && type.kind !== 'dyn') return refuseAt(place, { field: '[]', expected: 'a list or a map before [', got: `${typeText(type)} ${operand.text}` });
  const wanted = type.kind === 'list' ? 'int' : 'string';
  if (type.kind !== 'dyn' && index.type.kind !== wanted && !isDyn(index.type)) return refuseAt(place, { field: '[]', expected: `${wanted} in []`, got: `${typeText(index.type)} ${index.text}` });
  const read = operand.evaluate, readIndex = index.evaluate;
  const evaluate: Evaluate<Frame> = (frame) => elementAt(read(frame), readIndex(frame));
  return folded({ node: 'call', name: '[]', operands: [operand, index], type: 'of' in type ? type.of : celDyn, at: place.at, text: place.text, evaluate }, [operand, index]);
}

export function elementAt(holder: CelValue, index: CelValue): CelValue {
  if (typeof holder !== 'object') return undefined;
  if (isList(holder)) return typeof index === 'number' ? elementValue(holder[index]) : undefined;
  return typeof index === 'string' && Object.hasOwn(holder, index) ? elementValue(holder[index]) : undefined;
}

export function listNode<Frame>(operands: readonly Expression<Frame>[], place: Place): Expression<Frame> {
  const closures = operands.map((operand) => operand.evaluate);
  const evaluate: Evaluate<Frame> = (frame) => closures.map((closure) => closure(frame));
  return folded({ node: 'list', operands, type: celList(elementType(operands)), at: place.at, text: place.text, evaluate }, operands);
}

/** A map with constant text keys; `operands` of the node are its values, in the order of the keys. */
export function mapNode<Frame>(keys: readonly string[], operands: readonly Expression<Frame>[], place: Place): Expression<Frame> {
  const closures = operands.map((operand) => operand.evaluate);
  const evaluate: Evaluate<Frame> = (frame) => Object.fromEntries(closures.map((closure, index) => [keys[index] ?? '', closure(frame)]));
  return folded({ node: 'map', operands, type: celMap(elementType(operands)), at: place.at, text: place.text, evaluate }, operands);
}

const elementType = <Frame>(operands: readonly Expression<Frame>[]): CelType =>
  operands.length === 0 ? celDyn : operands.map((operand) => operand.type).reduce((type, other) => commonType(type, other) ?? celDyn);

