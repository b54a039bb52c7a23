import { civilFromDays, daysFromCivil, daysOf, isTimestamp, msOfDay } from './civil-time';

const timestampPattern = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:\d\d)?)?$/;
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|h|m|s|d)/y;
const msByUnit: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, 'µs': 1e-3, ns: 1e-6 };

/** RFC 3339, ms since the epoch; without a zone UTC, digits beyond ms dropped. undefined for anything else. */
export function parseTimestamp(text: string): number | undefined {
  const match = timestampPattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const date = { year: Number(year), month: Number(month) - 1, day: Number(day) };
  const days = daysFromCivil(date);
  const back = civilFromDays(days);
  if (back.month !== date.month || back.day !== date.day || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const ofDayMs = Number(hour) * 3_600_000 + Number(minute) * 60_000 + Number(second) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  const atMs = days * 86_400_000 + ofDayMs - zoneMs(zone);
  return isTimestamp(atMs) ? atMs : undefined;
}

function zoneMs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  return (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 3_600_000 + Number(zone.slice(4)) * 60_000);
}

/** ISO 8601 in UTC, with as many digits of the fraction as it needs. */
export function timestampText(atMs: number): string {
  const { year, month, day } = civilFromDays(daysOf(atMs));
  const ms = msOfDay(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const fraction = ms % 1000 === 0 ? '' : `.${String(ms % 1000).padStart(3, '0')}`;
  return `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}-${two(month + 1)}-${two(day)}T${two(Math.floor(ms / 3_600_000))}:${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1000) % 60)}${fraction}Z`;
}

/** `1h30m`, `-1.5s`, `7d`; whole ms. undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  let ms = 0;
  let at = 0;
  while (at < body.length) {
    durationPart.lastIndex = at;
    const match = durationPart.exec(body);
    if (!match) return undefined;
    ms += Number(match[1]) * (msByUnit[match[2] ?? ''] ?? Number.NaN);
    at = durationPart.lastIndex;
  }
  const rounded = Math.round(ms);
  // Sums of decimal fractions carry a rounding error far below a nanosecond.
  if (body === '' || !Number.isSafeInteger(rounded) || Math.abs(ms - rounded) > 1e-7 * Math.max(1, Math.abs(ms) * 1e-6)) return undefined;
  return text.startsWith('-') ? 0 - rounded : rounded;
}

/** Seconds with a fraction as it needs, as CEL shows a duration: `5400s`, `0.25s`. */
export const durationText = (ms: number): string => `${ms / 1000}s`;
