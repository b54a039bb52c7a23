/** Ways to match at one place that a backtracking engine may have to try, at most. */
const nativeChoicesMax = 64;

const tokenPattern = /(?<group>\((?:\?:)?)|(?<end>\))|(?<or>\|)|(?<literal>[A-Za-z0-9 _@#%&=:;,<>~"'`!/-])|(?<escaped>\\[.\\+*?()[\]{}|^$/-])|(?<perl>\\[dws]|\.)|(?<class>\[\^?(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|\\[dw.]|[ _@.:+,])+\])|(?<start>\^)|(?<finish>\$)/y;
const quantifierPattern = /([?*+]|\{(\d{1,2})(?:(,)(\d{1,2})?)?\})\??/y;
const nativeOf: Readonly<Record<string, string>> = { '.': '[^\\n]', '\\s': '[\\t\\n\\f\\r ]', '\\-': '-' };

interface Reading { readonly source: string; at: number; native: string; choices: number; endless: number; readonly alternatives: number[] }

/**
 * The pattern as JavaScript's own, where both mean the same and no text makes it backtrack for longer than linear time: no quantified group, a few
 * choices, and at most one endless quantifier, that one only where the pattern is anchored at the start. undefined for every other pattern.
 */
export function nativePattern(pattern: string): RegExp | undefined {
  const reading: Reading = { source: pattern, at: 0, native: '', choices: 1, endless: 0, alternatives: [1] };
  while (reading.at < pattern.length) if (!readToken(reading)) return undefined;
  const isAnchored = pattern.startsWith('^') && reading.alternatives[0] === 1;
  const choices = reading.choices * (reading.alternatives[0] ?? 1);
  if (reading.alternatives.length !== 1 || choices > nativeChoicesMax || reading.endless > (isAnchored ? 1 : 0)) return undefined;
  try {
    return new RegExp(reading.native, 'u');
  } catch {
    return undefined; // E.g. a range written backwards, which RE2 refuses too.
  }
}

function readToken(reading: Reading): boolean {
  tokenPattern.lastIndex = reading.at;
  const match = tokenPattern.exec(reading.source);
  if (match === null) return false;
  const [text] = match, { group, end, or, start, finish } = match.groups ?? {};
  reading.at = tokenPattern.lastIndex;
  if (start !== undefined && match.index !== 0) return false;
  if (finish !== undefined && reading.at !== reading.source.length) return false;
  reading.native += group === undefined ? nativeOf[text] ?? text : '(?:';
  if (group !== undefined) reading.alternatives.push(1);
  else if (or !== undefined) reading.alternatives.push((reading.alternatives.pop() ?? 0) + 1);
  else if (end !== undefined) {
    if (reading.alternatives.length < 2) return false;
    reading.choices *= reading.alternatives.pop() ?? 1;
  }
  const isAtom = group === undefined && end === undefined && or === undefined && start === undefined && finish === undefined;
  return readQuantifier(reading, isAtom);
}

function readQuantifier(reading: Reading, isAtom: boolean): boolean {
  quantifierPattern.lastIndex = reading.at;
  const match = quantifierPattern.exec(reading.source);
  if (match === null) return true;
  const [, text = '', least, comma, most] = match;
  if (!isAtom) return false;
  reading.at = quantifierPattern.lastIndex;
  reading.native += text;
  if (text === '?') reading.choices *= 2;
  else if (least === undefined || (comma !== undefined && most === undefined)) reading.endless++;
  else if (most !== undefined) reading.choices *= Number(most) - Number(least) + 1;
  quantifierPattern.lastIndex = reading.at;
  return !quantifierPattern.test(reading.source);
}
