/** Durations as users write them: a whole number and a unit, e.g. 100ms, 5s, 5m, 1h, 30d, 2w. A day is 24 h: calendar days are a kind of window. */
export const durationPattern = /^(\d{1,12})(ms|s|m|h|d|w)$/;

const msByUnit: ReadonlyMap<string, number> = new Map([['w', 604_800_000], ['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1]]);

/** Longest duration taken: 1,000 years; sums of a few of them stay exact. */
const durationMsMax = 1000 * 365 * 86_400_000;

/** Milliseconds, or undefined when the text is no duration or is longer than `durationMsMax`. */
export function parseDurationMs(text: string): number | undefined {
  const match = durationPattern.exec(text);
  const unitMs = match?.[2] === undefined ? undefined : msByUnit.get(match[2]);
  if (match === null || unitMs === undefined) return undefined;
  const ms = Number(match[1]) * unitMs;
  return ms <= durationMsMax ? ms : undefined;
}

/** The shortest exact way to write a duration: 3600000 is 1h, 90000 is 90s, 0 is 0ms. */
export function formatDuration(ms: number): string {
  for (const [unit, unitMs] of msByUnit) if (ms !== 0 && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  return `${ms}ms`;
}

const isoPattern = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/i;

/** A moment as ISO 8601 (without a zone: UTC) or milliseconds since the epoch; undefined when it is neither, and for days that do not exist. */
export function parseMomentMs(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  const [, year, month, day] = isoPattern.exec(value) ?? [];
  // Date.parse would take the 30th of February for the 2nd of March.
  if (day === undefined || new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)) return undefined;
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(value.slice(10)) || value.length === 10;
  const ms = Date.parse((zoned ? value : `${value}Z`).replace(' ', 'T').toUpperCase());
  return Number.isNaN(ms) ? undefined : ms;
}
