import type { Value } from '@weir/contracts';

const bool = 16, int8 = 20, int2 = 21, int4 = 23, oid = 26, float4 = 700, float8 = 701, timestamp = 1114, timestamptz = 1184;

/**
 * A column's text as a value: whole numbers up to 2^53 and floats as numbers (above: text, so that no id is rounded), `numeric` as the text of its digits,
 * timestamps as ms since the epoch (without a zone: UTC), everything else as PostgreSQL writes it. The session must write ISO dates in UTC.
 */
export function valueOf(text: string | null, typeOid: number): Value {
  if (text === null) return null;
  switch (typeOid) {
    case bool: return text === 't';
    case int2: case int4: case oid: return Number(text);
    case int8: return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case float4: case float8: return Number.isFinite(Number(text)) ? Number(text) : null;
    case timestamp: case timestamptz: return timestampMs(text) ?? text;
    default: return text;
  }
}

/** `2026-03-01 12:34:56.789123+00`; undefined for infinity and for years before Christ. */
function timestampMs(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction] = match;
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), Number((fraction ?? '').slice(0, 3).padEnd(3, '0')));
}

/** `16/B374D848` as a number; WAL of a server stays far below 2^53 bytes. */
export function lsnNumber(text: string): number {
  const [high = '0', low = '0'] = text.split('/');
  return parseInt(high, 16) * 2 ** 32 + parseInt(low, 16);
}
