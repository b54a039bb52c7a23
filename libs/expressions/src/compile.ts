import type { Compiled, Environment } from './api';
import { build } from './build';
import { refuse } from './fault';
import type { Scope } from './scope';
import { parseSyntax } from './syntax';
import { isDyn, typeText } from './types';

/**
 * Parses, types and compiles one CEL expression; all of it happens here, once, and evaluating is a call of closures.
 * @throws WeirError `WEIR_EXPRESSION_INVALID`; its finding's `where` is `line:column`, `field` the token at fault.
 */
export function compile<Frame>(source: string, environment: Environment<Frame>): Compiled<Frame> {
  const scope: Scope<Frame> = { source, environment, locals: new Map(), reads: new Set() };
  const tree = build(parseSyntax(source), scope);
  return { source, type: tree.type, evaluate: tree.evaluate, reads: [...scope.reads].sort(), tree };
}

/** Refuses an expression that can be no condition. @throws WeirError `WEIR_EXPRESSION_INVALID` at its root. */
function assertBoolean<Frame>(compiled: Compiled<Frame>): Compiled<Frame> {
  const { type, at, text } = compiled.tree;
  if (type.kind === 'bool' || isDyn(type)) return compiled;
  return refuse(compiled.source, { at, field: text, expected: 'a condition (bool)', got: typeText(type) });
}

/** `compile`, and the root must be a condition. */
export const compileCondition = <Frame>(source: string, environment: Environment<Frame>): Compiled<Frame> => assertBoolean(compile(source, environment));
