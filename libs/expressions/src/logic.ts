import type { Expression } from './api';
import type { Evaluate, Place } from './scope';
import { folded, literal, refuseAt } from './scope';
import { celBool, commonType, isDyn, typeText } from './types';

/** Refuses an operand that can be no truth value. */
export function requireBool<Frame>(operand: Expression<Frame>, role: string, place: Place): void {
  if (operand.type.kind === 'bool' || isDyn(operand.type)) return;
  refuseAt({ ...place, at: operand.at }, { field: operand.text, expected: `bool ${role}`, got: typeText(operand.type) });
}

/** `&&` or `||` over two and more operands, three-valued, whatever their order. */
export function logicNode<Frame>(node: 'and' | 'or', operands: readonly Expression<Frame>[], place: Place): Expression<Frame> {
  for (const operand of operands) requireBool(operand, node === 'and' ? 'beside &&' : 'beside ||', place);
  const decisive = node === 'or';
  const constants = operands.filter((operand) => operand.node === 'literal');
  if (constants.some((operand) => operand.node === 'literal' && operand.value === decisive)) return literal(place, celBool, decisive);
  const closures = operands.map((operand) => operand.evaluate);
  const evaluate = node === 'and' ? conjunction(closures) : disjunction(closures);
  return folded({ node, operands, type: celBool, at: place.at, text: place.text, evaluate }, operands);
}

function conjunction<Frame>(closures: readonly Evaluate<Frame>[]): Evaluate<Frame> {
  const [first, second] = closures;
  if (closures.length === 2 && first && second) {
    return (frame) => {
      const a = first(frame);
      if (a === false) return false;
      const b = second(frame);
      return b === false ? false : a === true && b === true ? true : undefined;
    };
  }
  return (frame) => {
    let isKnown = true;
    for (let index = 0; index < closures.length; index++) {
      const value = (closures[index] as Evaluate<Frame>)(frame);
      if (value === false) return false;
      if (value !== true) isKnown = false;
    }
    return isKnown ? true : undefined;
  };
}

function disjunction<Frame>(closures: readonly Evaluate<Frame>[]): Evaluate<Frame> {
  const [first, second] = closures;
  if (closures.length === 2 && first && second) {
    return (frame) => {
      const a = first(frame);
      if (a === true) return true;
      const b = second(frame);
      return b === true ? true : a === false && b === false ? false : undefined;
    };
  }
  return (frame) => {
    let isKnown = true;
    for (let index = 0; index < closures.length; index++) {
      const value = (closures[index] as Evaluate<Frame>)(frame);
      if (value === true) return true;
      if (value !== false) isKnown = false;
    }
    return isKnown ? false : undefined;
  };
}

export function notNode<Frame>(operand: Expression<Frame>, place: Place): Expression<Frame> {
  requireBool(operand, 'after !', place);
  const inner = operand.evaluate;
  const evaluate: Evaluate<Frame> = (frame) => { const value = inner(frame); return value === true ? false : value === false ? true : undefined; };
  return folded({ node: 'not', operand, type: celBool, at: place.at, text: place.text, evaluate }, [operand]);
}

/** `c ? a : b`; an unknown condition gives unknown, a branch may be the literal null. */
export function conditionalNode<Frame>([condition, yes, no]: readonly [Expression<Frame>, Expression<Frame>, Expression<Frame>], place: Place): Expression<Frame> {
  requireBool(condition, 'before ?', place);
  const type = commonType(yes.type, no.type);
  if (type === undefined) return refuseAt(place, { field: '?:', expected: `${typeText(yes.type)} in both branches`, got: `${typeText(no.type)} ${no.text}` });
  const test = condition.evaluate, whenTrue = yes.evaluate, whenFalse = no.evaluate;
  const evaluate: Evaluate<Frame> = (frame) => { const value = test(frame); return value === true ? whenTrue(frame) : value === false ? whenFalse(frame) : undefined; };
  return folded({ node: 'conditional', operands: [condition, yes, no], type, at: place.at, text: place.text, evaluate }, [condition, yes, no]);
}
