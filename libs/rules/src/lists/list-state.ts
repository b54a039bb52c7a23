import { createHash } from 'node:crypto';
import { WeirError } from '@weir/contracts';
import type { ListEntry } from './entries';

export const listKeyPrefix = 'sc/list/';
const stateVersion = 1;
/** Longer values have their hash in the key: stores bound the length of keys. The value itself is in the body. */
const keyValueLengthMax = 400;

/** `sc/list/<name>/<value>`. */
export function listKey(list: string, value: string): string {
  const plain = value.length <= keyValueLengthMax && !/\p{Surrogate}/u.test(value);
  return `${listKeyPrefix}${encodeURIComponent(list)}/${plain ? value : `\u0000${createHash('sha256').update(JSON.stringify(value)).digest('hex')}`}`;
}

/** Canonical: a version byte, then JSON with a fixed order; null is no bound. */
export function encodeEntries(list: string, value: string, entries: readonly ListEntry[]): Uint8Array {
  const rows = entries.map(({ fromMs, untilMs, by, reason }) => [finiteOrNull(fromMs), finiteOrNull(untilMs), by, reason]);
  return withVersion(JSON.stringify([list, value, rows]));
}

export function decodeEntries(bytes: Uint8Array): { list: string; value: string; entries: readonly ListEntry[] } {
  const [list, value, rows] = JSON.parse(textOf(bytes)) as [string, string, [number | null, number | null, string, string][]];
  return { list, value, entries: rows.map(([from, until, by, reason]) => ({ fromMs: from ?? -Infinity, untilMs: until ?? Infinity, by, reason })) };
}

export function withVersion(json: string): Uint8Array {
  const body = Buffer.from(json, 'utf8');
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = stateVersion;
  bytes.set(body, 1);
  return bytes;
}

/** @throws WeirError WEIR_STORE_FAILED for a version this code does not know. */
export function textOf(bytes: Uint8Array): string {
  if (bytes[0] !== stateVersion) throw new WeirError('WEIR_STORE_FAILED', `state of scoring has format ${bytes[0]}, ${stateVersion} expected`);
  return Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.byteLength - 1).toString('utf8');
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
