const encoder = new TextEncoder();
// A text may begin with the mark that a decoder takes for one of byte order.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const loneSurrogate = /\p{Surrogate}/u;
/** No UTF-8 begins with it. */
const unitsFollow = 0xff;

/** A text as bytes from which it comes back as it was: UTF-8, or where half of a surrogate pair stands alone, which UTF-8 can't say, this mark and UTF-16 units. */
export function textToBytes(text: string): Uint8Array {
  if (!loneSurrogate.test(text)) return encoder.encode(text);
  const bytes = new Uint8Array(1 + 2 * text.length);
  bytes[0] = unitsFollow;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes[1 + 2 * index] = unit & 0xff;
    bytes[2 + 2 * index] = unit >>> 8;
  }
  return bytes;
}

/** The text of `textToBytes`. */
export function textFromBytes(bytes: Uint8Array): string {
  if (bytes[0] !== unitsFollow) return decoder.decode(bytes);
  let text = '';
  for (let at = 1; at + 1 < bytes.length; at += 2) text += String.fromCharCode((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
  return text;
}
