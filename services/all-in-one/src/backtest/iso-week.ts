const dayMs = 86_400_000;

/** The ISO 8601 week of a time in UTC, e.g. `2026-W09`: it begins on Monday and belongs to the year that has its Thursday. */
export function isoWeek(timeMs: number): string {
  const day = Math.floor(timeMs / dayMs);
  const thursday = day + 3 - ((day + 3) % 7 + 7) % 7;
  const year = new Date(thursday * dayMs).getUTCFullYear();
  const firstDay = Date.UTC(year, 0, 1) / dayMs;
  return `${year}-W${String(Math.floor((thursday - firstDay) / 7) + 1).padStart(2, '0')}`;
}

/** Number of the week since 1970 (Monday to Sunday), for counting by week without text. */
export const weekNumber = (timeMs: number): number => Math.floor((Math.floor(timeMs / dayMs) + 3) / 7);
/** The Monday a week begins with, ms. */
export const weekStartMs = (week: number): number => (week * 7 - 3) * dayMs;
