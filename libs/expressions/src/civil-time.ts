/** Calendar of a moment in local time, without a Date: ms since the epoch, proleptic Gregorian. */
const dayMs = 86_400_000;

/** CEL's timestamps run from year 1 to year 9999. */
export const timestampMsMin = -62_135_596_800_000;
export const timestampMsMax = 253_402_300_799_999;
export const isTimestamp = (atMs: number): boolean => atMs >= timestampMsMin && atMs <= timestampMsMax;

export interface CivilDate { readonly year: number; /** 0 = January. */ readonly month: number; /** From 1. */ readonly day: number }

export const daysOf = (localMs: number): number => Math.floor(localMs / dayMs);
export const msOfDay = (localMs: number): number => localMs - daysOf(localMs) * dayMs;
/** 0 = Sunday; 1970-01-01 was a Thursday. */
export const dayOfWeek = (localMs: number): number => (((daysOf(localMs) + 4) % 7) + 7) % 7;

/** @source Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
export function daysFromCivil({ year, month, day }: CivilDate): number {
  const y = month < 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** @source Howard Hinnant, civil_from_days. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = (shiftedMonth + 2) % 12;
  return { year: yearOfEra + era * 400 + (month < 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 };
}
