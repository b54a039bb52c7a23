import { parse } from '@bufbuild/cel';
import { refuse } from './fault';
import { syntaxFault } from './syntax-fault';

/** Characters of one expression, at most; a longer one is better a list. */
export const expressionCharactersMax = 100_000;
/** Levels of nesting, at most: the compiler and the closures recurse by level. Chains of && and || count as one. */
export const nestingMax = 200;

/** What was written, before names and types. Macros are back in their written form, chains of && and || are flat. */
export type Syntax = { /** Position of the operator or of the first character, from 0. */ readonly at: number } & (
  | { readonly kind: 'null' }
  | { readonly kind: 'constant'; readonly type: 'int' | 'double' | 'bool' | 'string'; readonly value: number | boolean | string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'select'; readonly operand: Syntax; readonly field: string }
  | { readonly kind: 'has'; readonly operand: Syntax }
  | { readonly kind: 'logic'; readonly op: 'and' | 'or'; readonly operands: readonly Syntax[] }
  | { readonly kind: 'call'; readonly name: string; readonly target: Syntax | undefined; readonly operands: readonly Syntax[] }
  | { readonly kind: 'list'; readonly operands: readonly Syntax[] }
  | { readonly kind: 'map'; readonly entries: ReadonlyArray<{ readonly key: Syntax; readonly value: Syntax }> }
  | { readonly kind: 'macro'; readonly name: MacroName; readonly variable: string; readonly range: Syntax; readonly body: Syntax }
);
export type MacroName = 'exists' | 'all' | 'exists_one';

type Parsed = ReturnType<typeof parse>;
type Expr = Parsed['expr'];
interface Conversion { readonly source: string; readonly info: Parsed['sourceInfo']; depth: number }

/** Parses CEL. @throws WeirError `WEIR_EXPRESSION_INVALID` with the position of what cannot be read or is not supported. */
export function parseSyntax(source: string): Syntax {
  if (source.length > expressionCharactersMax) refuse(source, { at: 0, field: source.slice(0, 20), expected: `at most ${expressionCharactersMax} characters`, got: `${source.length}` });
  const parsed = parseOrRefuse(source);
  return convert(parsed.expr, { source, info: parsed.sourceInfo, depth: 0 });
}

function parseOrRefuse(source: string): Parsed {
  try {
    // The parser ends a comment at the end of its line alone; one on the last line is given that end.
    return parse(`${source}\n`);
  } catch (error) {
    // Deep nesting overflows the parser's own recursion; everything else it throws is a syntax error.
    if (error instanceof RangeError) return refuse(source, { at: 0, field: source.slice(0, 20), expected: `at most ${nestingMax} levels of nesting`, got: 'more' });
    return refuse(source, syntaxFault(source, error));
  }
}

function convert(expr: Expr | undefined, conversion: Conversion): Syntax {
  const { source, info } = conversion;
  if (expr === undefined) return refuse(source, { at: 0, field: 'expression', expected: 'an expression', got: 'nothing' });
  const at = nameAt(source, info?.positions[expr.id.toString()] ?? 0, expr);
  if (++conversion.depth > nestingMax) refuse(source, { at, field: source.slice(at, at + 20), expected: `at most ${nestingMax} levels of nesting`, got: 'more' });
  const syntax = convertKind(expr, at, conversion);
  conversion.depth--;
  return syntax;
}

/** The parser places a method and a macro at the dot; whoever reads a finding looks for the name behind it. */
function nameAt(source: string, at: number, expr: Expr): number {
  if (source[at] !== '.' || expr.exprKind.case === 'selectExpr') return at;
  return at + 1 + (/^\s*/.exec(source.slice(at + 1, at + 100))?.[0].length ?? 0);
}

function convertKind(expr: Expr, at: number, conversion: Conversion): Syntax {
  const unsupported = (field: string, expected: string): never => refuse(conversion.source, { at, field, expected, got: `${field}, not supported` });
  const { exprKind } = expr;
  switch (exprKind.case) {
    case 'constExpr': return convertConstant(exprKind.value, at, conversion.source);
    case 'identExpr': return { at, kind: 'name', name: exprKind.value.name };
    case 'selectExpr': {
      const { operand, field, testOnly } = exprKind.value;
      const select: Syntax = { at, kind: 'select', operand: convert(operand, conversion), field };
      return testOnly ? { at, kind: 'has', operand: select } : select;
    }
    case 'callExpr': return convertCall(exprKind.value, at, conversion);
    case 'listExpr':
      if (exprKind.value.optionalIndices.length > 0) unsupported('[?', 'plain elements');
      return { at, kind: 'list', operands: exprKind.value.elements.map((element) => convert(element, conversion)) };
    case 'structExpr': {
      const { messageName, entries } = exprKind.value;
      if (messageName !== '') unsupported(`${messageName}{}`, 'a list, a map or a value; messages cannot be made');
      return {
        at, kind: 'map', entries: entries.map((entry) => entry.keyKind.case === 'mapKey' && !entry.optionalEntry
          ? { key: convert(entry.keyKind.value, conversion), value: convert(entry.value, conversion) }
          : unsupported('{}', 'entries `"key": value`')),
      };
    }
    case 'comprehensionExpr': {
      const written = conversion.info?.macroCalls[expr.id.toString()]?.exprKind;
      const name = written?.case === 'callExpr' ? written.value.function : 'comprehension';
      const { iterVar, iterRange, loopStep } = exprKind.value;
      if (loopStep?.exprKind.case !== 'callExpr') return unsupported(name, 'exists, all or exists_one');
      const range = convert(iterRange, conversion);
      const steps = loopStep.exprKind.value.args;
      if (name === 'exists' || name === 'all') return { at, kind: 'macro', name, variable: iterVar, range, body: convert(steps[1], conversion) };
      if (name === 'exists_one' || name === 'existsOne') return { at, kind: 'macro', name: 'exists_one', variable: iterVar, range, body: convert(steps[0], conversion) };
      return unsupported(name, 'exists, all or exists_one');
    }
    default: return unsupported('expression', 'an expression');
  }
}

function convertConstant(constant: Extract<Expr['exprKind'], { case: 'constExpr' }>['value'], at: number, source: string): Syntax {
  const { constantKind } = constant;
  switch (constantKind.case) {
    case 'nullValue': return { at, kind: 'null' };
    case 'boolValue': return { at, kind: 'constant', type: 'bool', value: constantKind.value };
    case 'stringValue': return { at, kind: 'constant', type: 'string', value: constantKind.value };
    case 'doubleValue':
      if (!Number.isFinite(constantKind.value)) refuse(source, { at, field: String(constantKind.value), expected: 'a finite number', got: 'a number too large' });
      return { at, kind: 'constant', type: 'double', value: constantKind.value };
    case 'int64Value': {
      const value = Number(constantKind.value);
      if (!Number.isSafeInteger(value)) refuse(source, { at, field: String(constantKind.value), expected: 'an integer within ±(2^53 − 1)', got: 'a larger one' });
      return { at, kind: 'constant', type: 'int', value };
    }
    case 'uint64Value': return refuse(source, { at, field: `${constantKind.value}u`, expected: `a plain integer: ${constantKind.value}`, got: 'an unsigned integer, not supported' });
    case 'bytesValue': return refuse(source, { at, field: 'b""', expected: 'text', got: 'bytes, not supported' });
    default: return refuse(source, { at, field: 'literal', expected: 'a number, text, true, false or null', got: 'not supported' });
  }
}

function convertCall(call: Extract<Expr['exprKind'], { case: 'callExpr' }>['value'], at: number, conversion: Conversion): Syntax {
  if (call.function === '_&&_' || call.function === '_||_') {
    return { at, kind: 'logic', op: call.function === '_&&_' ? 'and' : 'or', operands: chain(call.function, call.args).map((operand) => convert(operand, conversion)) };
  }
  const target = call.target === undefined ? undefined : convert(call.target, conversion);
  return { at, kind: 'call', name: call.function, target, operands: call.args.map((operand) => convert(operand, conversion)) };
}

/** The operands of a chain of one logical operator, in the order written; the parser balances them into a tree. */
function chain(name: string, operands: readonly Expr[]): Expr[] {
  return operands.flatMap((operand) => operand.exprKind.case === 'callExpr' && operand.exprKind.value.function === name ? chain(name, operand.exprKind.value.args) : [operand]);
}
