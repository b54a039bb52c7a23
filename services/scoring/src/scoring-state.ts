import { WeirError } from '@weir/contracts';

export const setKey = 'sc/set';
const formatVersion = 1;

/** The set in force: a version byte, then its canonical JSON. */
export function encodeSet(json: string): Uint8Array {
  const text = Buffer.from(json, 'utf8');
  const bytes = new Uint8Array(text.length + 1);
  bytes[0] = formatVersion;
  bytes.set(text, 1);
  return bytes;
}

export function decodeSet(bytes: Uint8Array): string {
  if (bytes[0] !== formatVersion) throw new WeirError('WEIR_STORE_FAILED', `${setKey} has format ${bytes[0]}, ${formatVersion} expected`);
  return Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.byteLength - 1).toString('utf8');
}
