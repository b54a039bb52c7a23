import type { Fault } from './fault';

const tokenPattern = /\s+|\/\/[^\n]*|(?:[rR]|[bB][rR]?|[rR][bB])?(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|0[xX][0-9a-fA-F]+u?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?u?|[A-Za-z_]\w*|`[^`\n]*`|&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]|[\s\S]/gy;
const binaryOperators = new Set(['&&', '||', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '?', ':', ',', 'in', '.']);
const closingOf = new Map([['(', ')'], ['[', ']'], ['{', '}']]);
const insteadOf = new Map([['=', '=='], ['&', '&&'], ['|', '||'], ['and', '&&'], ['or', '||'], ['AND', '&&'], ['OR', '||'], ['not', '!'], ['NOT', '!'], ['<>', '!='], ['===', '==']]);

/**
 * Where an expression that the parser refused goes wrong. The parser is a PEG: it names the last place up to which it could stop, which for
 * `a > > 3` is the first `>`. Walking the tokens, operand and operator in turn, finds the second, which is what the author wants to see.
 */
export function syntaxFault(source: string, error: unknown): Fault {
  return operandOperatorFault(source) ?? parserFault(source, error);
}

function operandOperatorFault(source: string): Fault | undefined {
  const open: { readonly closing: string; readonly at: number }[] = [];
  let wantsOperand = true;
  let last = '';
  for (const match of source.matchAll(tokenPattern)) {
    const token = match[0];
    const at = match.index;
    if (/^(\s|\/\/)/.test(token)) continue;
    const fault = (expected: string): Fault => ({ at, field: token, expected, got: token });
    const instead = insteadOf.get(token);
    if (instead !== undefined && !(wantsOperand && token !== 'not' && token !== 'NOT')) return fault(instead);
    if (token === '"' || token === "'") return { at, field: source.slice(at, at + 20), expected: `text closed by ${token}`, got: 'text that does not end' };
    if (closingOf.has(token)) {
      if (!wantsOperand && token === '{' && !/^\w/.test(last)) return fault('an operator');
      open.push({ closing: closingOf.get(token) ?? '', at });
      wantsOperand = true;
    } else if (token === ')' || token === ']' || token === '}') {
      const opened = open.pop();
      if (opened === undefined || opened.closing !== token) return fault(opened === undefined ? 'no closing bracket here' : opened.closing);
      if (wantsOperand && !closingOf.has(last) && last !== ',') return fault('a value');
      wantsOperand = false;
    } else if (wantsOperand && (token === '!' || token === '-')) {
      // A sign before its operand.
    } else if (binaryOperators.has(token)) {
      if (wantsOperand && !(token === '.' && /^[.([{,!-]?$/.test(last))) return fault('a value');
      wantsOperand = true;
    } else if (/^[\w"'.`]/.test(token)) {
      if (!wantsOperand) return fault('an operator');
      wantsOperand = false;
    } else return fault(wantsOperand ? 'a value' : 'an operator');
    last = token;
  }
  const unclosed = open.at(-1);
  if (wantsOperand) return { at: source.trimEnd().length, field: last === '' ? 'expression' : last, expected: 'a value', got: 'the end' };
  return unclosed === undefined ? undefined : { at: unclosed.at, field: source.slice(unclosed.at, unclosed.at + 1), expected: `a closing ${unclosed.closing}`, got: 'the end' };
}

/** The parser's own words: the first place it could not go on from. */
function parserFault(source: string, error: unknown): Fault {
  const at = offsetOf(error);
  const token = at < source.length ? source.slice(at).match(/^\w+|^[\s\S]/)?.[0] ?? 'the end' : 'the end';
  const message = error instanceof Error ? error.message.replace(/^<input>:\d+:\d+: /, '') : String(error);
  return { at, field: token, expected: 'an expression in CEL', got: message.length > 120 ? token : message };
}

function offsetOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('location' in error)) return 0;
  const { location } = error;
  if (typeof location !== 'object' || location === null || !('start' in location)) return 0;
  const { start } = location;
  return typeof start === 'object' && start !== null && 'offset' in start && typeof start.offset === 'number' ? start.offset : 0;
}
