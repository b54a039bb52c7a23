const basis = 0x811c9dc5;
const prime = 0x01000193;

/** 32-bit FNV-1a over UTF-16 units with a final mix; for finding, whoever asks compares the text. `before`: a unit that counts as if it stood before the text. */
export function hashText(text: string, before?: number): number {
  let hash = before === undefined ? basis : Math.imul(basis ^ before, prime);
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
