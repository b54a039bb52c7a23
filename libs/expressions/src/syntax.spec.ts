import { WeirError } from '@weir/contracts';
import { print } from './print';
import { expressionCharactersMax, nestingMax, parseSyntax } from './syntax';

const findingOf = (source: string): unknown => {
  try { return print(parseSyntax(source)); } catch (error) { return error instanceof WeirError ? error.findings.map(({ where, field, expected, got }) => [where, field, expected, got])[0] : error; }
};

it.each([
  ['a>1&&b==null', 'a > 1 && b == null'], ['(a||b)&&!(c)', '(a || b) && !c'], ['a.b[0].c("x",1.0)', 'a.b[0].c("x", 1.0)'], ['a-(b-c)', 'a - (b - c)'], ['(a-b)-c', 'a - b - c'], ['a?b:c?d:e', 'a ? b : c ? d : e'], ['(a?b:c)?d:e', '(a ? b : c) ? d : e'], ['has(a.b)', 'has(a.b)'],
  ['x.exists(y,y in[1,2])', 'x.exists(y, y in [1, 2])'], ["'it\\'s'", '"it\'s"'], ['{"a":1}', '{"a": 1}'], ['-(a - b)', '-(a - b)'], ['(-3).f()', '(-3).f()'], ['a&&(b&&c)', 'a && b && c'], ['1e3', '1000.0'], ['a > 1 // why', 'a > 1'], ['// why\na > 1//', 'a > 1'], ['a == "// text"', 'a == "// text"'], ['r"\\d"', '"\\\\d"'],
])('%s reads %s', (source, expected) => { expect(findingOf(source)).toBe(expected); });

it.each([
  ['a > > 3', ['1:5', '>', 'a value', '>']], ['a\n  b', ['2:3', 'b', 'an operator', 'b']], ['a = 3', ['1:3', '=', '==', '=']], ['a and b', ['1:3', 'and', '&&', 'and']], ['not a', ['1:1', 'not', '!', 'not']], ['a & b', ['1:3', '&', '&&', '&']],
  ['(a', ['1:1', '(', 'a closing )', 'the end']], ['a)', ['1:2', ')', 'no closing bracket here', ')']], ['(a]', ['1:3', ']', ')', ']']], ['f(a,', ['1:5', ',', 'a value', 'the end']], ['f(,a)', ['1:3', ',', 'a value', ',']], ['"abc', ['1:1', '"abc', 'text closed by "', 'text that does not end']],
  ['a @ b', ['1:3', '@', 'an operator', '@']], ['', ['1:1', 'expression', 'a value', 'the end']], ['a // nothing\n &&', ['2:4', '&&', 'a value', 'the end']], ['a.map(x, x)', ['1:3', 'map', 'exists, all or exists_one', 'map, not supported']],
])('%j is refused, saying where and what', (source, expected) => { expect(findingOf(source)).toEqual(expected); });

it('length and nesting are bounded', () => {
  expect(findingOf(`"${'x'.repeat(expressionCharactersMax)}"`)).toEqual(['1:1', `"${'x'.repeat(19)}`, `at most ${expressionCharactersMax} characters`, `${expressionCharactersMax + 2}`]);
  expect(findingOf(`a${' + a'.repeat(nestingMax)}`)).toEqual([expect.any(String), expect.any(String), `at most ${nestingMax} levels of nesting`, 'more']);
  expect(findingOf(`${'('.repeat(20_000)}a${')'.repeat(20_000)}`)).toEqual(['1:1', '('.repeat(20), `at most ${nestingMax} levels of nesting`, 'more']);
  expect(findingOf(Array.from({ length: 1000 }, (_, index) => `a == ${index}`).join(' || '))).toMatch(/^a == 0 \|\| a == 1 /);
});
