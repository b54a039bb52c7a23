import type { CelType, CelValue, Environment, Expression } from './api';
import type { Fault } from './fault';
import { refuse } from './fault';

export type Evaluate<Frame> = (frame: Frame) => CelValue;

/** The variable of a macro. Its value lives in a cell that the loop fills: no allocation per element. */
export interface Local { readonly type: CelType; readonly cell: { value: CelValue } }

/** What is known while one expression is compiled. */
export interface Scope<Frame> {
  readonly source: string;
  readonly environment: Environment<Frame>;
  readonly locals: ReadonlyMap<string, Local>;
  /** Filled with every path that is read. */
  readonly reads: Set<string>;
}

/** Where a node stands and how it reads; what a builder needs to make it or to refuse it. */
export interface Place { readonly source: string; readonly at: number; readonly text: string }

export const refuseAt = (place: Place, fault: Omit<Fault, 'at'>): never => refuse(place.source, { at: place.at, ...fault });

export const literal = <Frame>(place: Omit<Place, 'source'>, type: CelType, value: CelValue): Expression<Frame> =>
  ({ node: 'literal', type, value, at: place.at, text: place.text, evaluate: () => value });

/** Replaces a node whose operands are all constants by its value. */
export function folded<Frame>(expression: Expression<Frame>, operands: readonly Expression<Frame>[]): Expression<Frame> {
  if (!operands.every((operand) => operand.node === 'literal')) return expression;
  // Constants alone: no closure below looks at the frame.
  return literal(expression, expression.type, expression.evaluate(undefined as unknown as Frame));
}
