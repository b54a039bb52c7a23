import { RE2JS } from '@bufbuild/re2';
import { nativePattern } from './native-pattern';
import { patternCharactersMax, textMatcher } from './text-pattern';

describe('patterns', () => {
  it.each([
    ['^[a-z]+@mail\\.(ru|com)$', 'john@mail.ru', true], ['^[a-z]+@mail\\.(ru|com)$', 'john@mail.rux', false], ['b+', 'abc', true], ['(?i)casino', 'The CASINO', true], ['^a.c$', 'a\nc', false], ['\\pL', '1é', true], ['^.$', '\u{1F600}', true], ['^\\s$', '\u00a0', false],
  ])('%s on %j is %s', (pattern, text, expected) => {
    const matcher = textMatcher(pattern);
    expect(typeof matcher === 'string' ? matcher : matcher(text)).toBe(expected);
  });
  it.each(['(?=a)', '(a)\\1', '(', 'a{2,1}', '[z-a]', 'a'.repeat(patternCharactersMax + 1), '(?<=a)b', '((a{100}){100}){100}'])('%.30s is refused', (pattern) => { expect(typeof textMatcher(pattern)).toBe('string'); });
  it.each([['^[a-z]+@mail\\.(ru|com)$', true], ['casino|bet', true], ['^\\d{2,4}-\\d+$', true], ['(a+)+$', false], ['a+b', false], ['^a+b+$', false], ['^a+|b', false], ['(a|b)?', false], ['(?i)a', false], ['a?'.repeat(7), false]])('%s runs natively: %s', (pattern, expected) => {
    expect(nativePattern(pattern) !== undefined).toBe(expected);
  });
  it('takes linear time where a backtracking engine takes exponential', () => {
    const matcher = textMatcher('^(a+)+$');
    expect(typeof matcher === 'string' ? matcher : matcher(`${'a'.repeat(5000)}b`)).toBe(false);
  });
});

it.each([21, 22, 23])('seed %d: the native pattern matches what RE2 matches', (seed) => {
  let state = seed;
  const random = (below: number): number => { state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; return Math.floor((state / 4_294_967_296) * below); };
  const pieces = ['a', 'b', 'c', '1', '\\d', '\\w', '.', '\\s', '[a-b]', '[^a1]', '\\.', '-', '(a|bc)', '(?:b|)', '(|c1)', 'ab|c', ' '];
  const quantifiers = ['', '', '', '', '?', '*', '+', '{2}', '{1,2}', '{0,1}?', '+?'];
  const characters = ['a', 'b', 'c', '1', '.', '-', ' ', '\n', '\r', '\u00a0', '\u{1F600}', 'é'];
  let native = 0;
  const different: string[] = [];
  for (let round = 0; round < 3000; round++) {
    const body = Array.from({ length: 1 + random(4) }, () => `${pieces[random(pieces.length)]}${quantifiers[random(quantifiers.length)]}`).join('');
    const pattern = `${random(2) === 0 ? '^' : ''}${body}${random(2) === 0 ? '$' : ''}`;
    const own = nativePattern(pattern);
    if (own === undefined) continue;
    native++;
    const compiled = RE2JS.compile(pattern);
    for (let time = 0; time < 10; time++) {
      const text = Array.from({ length: random(6) }, () => characters[random(characters.length)]).join('');
      if (own.test(text) !== compiled.test(text)) different.push(`${pattern} on ${JSON.stringify(text)}`);
    }
  }
  expect(different).toEqual([]);
  expect(native).toBeGreaterThan(300);
});
