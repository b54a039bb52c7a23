import type { CelType, Expression } from './api';
import type { Evaluate, Place } from './scope';
import { refuseAt } from './scope';

/** A function every expression may call. The receiver of a method is operand 0. */
export interface BuiltIn {
  readonly style: 'method' | 'global' | 'both';
  /** As shown to who calls it wrongly, e.g. `text.startsWith(string)`. */
  readonly signature: string;
  /** undefined: no such overload. */
  readonly type: (types: readonly CelType[]) => CelType | undefined;
  readonly make: <Frame>(operands: readonly Expression<Frame>[], place: Place) => Evaluate<Frame>;
}

export const isKind = (type: CelType | undefined, ...kinds: readonly CelType['kind'][]): boolean => type !== undefined && (type.kind === 'dyn' || kinds.includes(type.kind));

/** The operand's text where it is a constant; a function that prepares it once asks for it. */
export function constantText<Frame>(operand: Expression<Frame> | undefined): string | undefined {
  return operand?.node === 'literal' && typeof operand.value === 'string' ? operand.value : undefined;
}

export const evaluateOf = <Frame>(operands: readonly Expression<Frame>[], index: number, place: Place): Evaluate<Frame> =>
  operands[index]?.evaluate ?? refuseAt(place, { field: place.text, expected: `an argument ${index + 1}`, got: 'none' });
