const basis = 0x811c9dc5;
const prime = 0x01000193;

/** 32-bit FNV-1a over bytes `from` … `to − 1` with a final mix; for finding, whoever asks compares the text. `before`: a byte that counts as if it stood before them. */
export function hashBytes(bytes: Uint8Array, from: number, to: number, before?: number): number {
  let hash = before === undefined ? basis : Math.imul(basis ^ before, prime);
  for (let index = from; index < to; index++) hash = Math.imul(hash ^ (bytes[index] as number), prime);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The same of a text's UTF-8. */
export function hashText(text: string, before?: number): number {
  const bytes = Buffer.from(text, 'utf8');
  return hashBytes(bytes, 0, bytes.length, before);
}
