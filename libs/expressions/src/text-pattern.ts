import { RE2JS } from '@bufbuild/re2';
import { nativePattern } from './native-pattern';

/** Characters of a pattern, at most. */
export const patternCharactersMax = 1000;

/**
 * Tests whether a pattern is found anywhere in a text, in time linear in the text. The pattern is RE2's, as CEL has it: no back-references and no
 * look-around. Patterns that JavaScript's engine can be trusted with run there, which takes a tenth of the time.
 * @returns a text with what is wrong where it is no such pattern.
 */
export function textMatcher(pattern: string): ((text: string) => boolean) | string {
  if (pattern.length > patternCharactersMax) return `${pattern.length} characters, at most ${patternCharactersMax}`;
  try {
    const compiled = RE2JS.compile(pattern);
    const native = nativePattern(pattern);
    return native === undefined ? (text) => compiled.test(text) : (text) => native.test(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
