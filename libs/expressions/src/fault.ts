import { WeirError } from '@weir/contracts';

/** What is wrong at one place of an expression; becomes the finding of a `WEIR_EXPRESSION_INVALID`. */
export interface Fault {
  /** Position in the source, from 0. */
  readonly at: number;
  /** The token or the piece of the expression at fault. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

/** `line:column`, both from 1. */
function positionText(source: string, at: number): string {
  const before = source.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return `${before.split('\n').length}:${at - lineStart + 1}`;
}

/** Refuses the expression. @throws WeirError always, `WEIR_EXPRESSION_INVALID` with one finding. */
export function refuse(source: string, fault: Fault): never {
  const where = positionText(source, fault.at);
  const { field, expected, got } = fault;
  throw new WeirError('WEIR_EXPRESSION_INVALID', `${where} ${field}: expected ${expected}, got ${got}`, { findings: [{ where, field, expected, got }] });
}
