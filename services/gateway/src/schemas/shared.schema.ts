import { parseMomentMs } from '@weir/definitions';
import { z } from 'zod';

/** Milliseconds since the epoch, or ISO 8601; without a zone it is UTC. In answers times are always `isoTime`. */
export const timeMs = z
  .union([z.number().int(), z.string().min(1).max(40)])
  .transform((given, context) => {
    const ms = typeof given === 'number' ? given : parseTimeMs(given);
    if (ms !== undefined && Math.abs(ms) <= timeMsMax) return ms;
    context.addIssue({ code: 'custom', message: 'a time: ISO 8601, or milliseconds since the epoch' });
    return z.NEVER;
  })
  .meta({ description: 'ISO 8601 (UTC where no zone is given), or milliseconds since the epoch.', examples: ['2026-03-01T12:00:00.000Z'] });

const timeMsMax = 8_640_000_000_000_000;
const parseTimeMs = (text: string): number | undefined => (/^-?\d+$/.test(text) ? Number(text) : parseMomentMs(text));

export const isoTime = z.iso.datetime({ precision: 3 }).meta({ description: 'ISO 8601, UTC, milliseconds.' });
/** An answer says the same few times again and again. */
let lastMs = NaN, lastIso = '';

export function toIso(ms: number): string {
  if (ms === lastMs) return lastIso;
  lastIso = new Date(ms).toISOString();
  lastMs = ms;
  return lastIso;
}
export const toIsoOrNull = (ms: number | null): string | null => (ms === null ? null : toIso(ms));

/** `5m`, `24h`, `30d`. */
export const durationMs = z
  .string().regex(/^\d{1,9}(ms|s|m|h|d)$/, 'a duration such as 90s, 5m, 24h or 30d')
  .transform((text) => Number.parseInt(text, 10) * (msByUnit[text.replace(/^\d+/, '')] ?? 1));
const msByUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A name as definitions have it. */
export const name = z.string().min(1).max(200);
/** The key of an entity, an id, a value of a list. */
export const id = z.string().min(1).max(1_024);

const rowsPerPageMax = 1_000;
export const page = {
  limit: z.coerce.number().int().min(1).max(rowsPerPageMax).default(100).meta({ description: 'Most things in one answer.' }),
  cursor: z.string().min(1).max(1_024).optional().meta({ description: '`next` of the answer before.' }),
};
export const next = z.string().nullable().meta({ description: 'Cursor of the next page; null on the last.' });

/** `true` or `false` in a query. */
export const queryFlag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Comma-separated names. */
export const nameList = z.string().min(1).max(4_000).transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== ''));

export const jsonObject = z.record(z.string(), z.unknown());
