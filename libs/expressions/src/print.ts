import type { Syntax } from './syntax';

const precedenceByOperator = new Map([['_?_:_', 1], ['||', 2], ['&&', 3], ['_==_', 4], ['_!=_', 4], ['_<_', 4], ['_<=_', 4], ['_>_', 4], ['_>=_', 4], ['@in', 4], ['_+_', 5], ['_-_', 5], ['_*_', 6], ['_/_', 6], ['_%_', 6], ['!_', 7], ['-_', 7]]);
const atomPrecedence = 8;

/** An operator as written: `_>=_` is `>=`. */
export const operatorText = (name: string): string => (name === '@in' ? 'in' : name.replaceAll('_', ''));

/** The expression as CEL, with no bracket more than it needs. */
export function print(syntax: Syntax): string {
  switch (syntax.kind) {
    case 'null': return 'null';
    case 'constant': return syntax.type === 'string' ? JSON.stringify(syntax.value) : syntax.type === 'double' && Number.isInteger(syntax.value) && Math.abs(Number(syntax.value)) < 1e21 ? `${syntax.value}.0` : String(syntax.value);
    case 'name': return syntax.name;
    case 'select': return `${within(syntax.operand, atomPrecedence)}.${syntax.field}`;
    case 'has': return `has(${print(syntax.operand)})`;
    case 'logic': return syntax.operands.map((operand) => within(operand, (syntax.op === 'and' ? 3 : 2) + 1)).join(syntax.op === 'and' ? ' && ' : ' || ');
    case 'list': return `[${syntax.operands.map(print).join(', ')}]`;
    case 'map': return `{${syntax.entries.map(({ key, value }) => `${print(key)}: ${print(value)}`).join(', ')}}`;
    case 'macro': return `${within(syntax.range, atomPrecedence)}.${syntax.name}(${syntax.variable}, ${print(syntax.body)})`;
    case 'call': return printCall(syntax);
  }
}

function printCall({ name, target, operands }: Extract<Syntax, { kind: 'call' }>): string {
  const precedence = precedenceByOperator.get(name);
  const [first, second, third] = operands;
  if (name === '_[_]' && first && second) return `${within(first, atomPrecedence)}[${print(second)}]`;
  if (name === '_?_:_' && first && second && third) return `${within(first, 2)} ? ${within(second, 2)} : ${print(third)}`;
  if (precedence !== undefined && first && second) return `${within(first, precedence)} ${operatorText(name)} ${within(second, precedence + 1)}`;
  if (precedence !== undefined && first) return `${operatorText(name)}${within(first, precedence)}`;
  return `${target === undefined ? '' : `${within(target, atomPrecedence)}.`}${name}(${operands.map(print).join(', ')})`;
}

const within = (syntax: Syntax, atLeast: number): string => (precedenceOf(syntax) < atLeast ? `(${print(syntax)})` : print(syntax));

function precedenceOf(syntax: Syntax): number {
  if (syntax.kind === 'logic') return syntax.op === 'and' ? 3 : 2;
  if (syntax.kind === 'constant' && typeof syntax.value === 'number' && syntax.value < 0) return 7;
  return syntax.kind === 'call' ? precedenceByOperator.get(syntax.name) ?? atomPrecedence : atomPrecedence;
}
