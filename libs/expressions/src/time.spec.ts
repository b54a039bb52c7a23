import { civilFromDays, dayOfWeek, daysFromCivil, timestampMsMax, timestampMsMin } from './civil-time';
import { durationText, parseDuration, parseTimestamp, timestampText } from './time-text';
import { zoneHoursMax, zoneOffset } from './zone';

const seed = 31;
function randomTimes(count: number, fromMs: number, untilMs: number): readonly number[] {
  let state = seed;
  return Array.from({ length: count }, () => { state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; return Math.floor(fromMs + (state / 4_294_967_296) * (untilMs - fromMs)); });
}

it('the calendar is that of Date, from year 1 to year 9999', () => {
  for (const atMs of [timestampMsMin, timestampMsMax, 0, -1, ...randomTimes(5000, timestampMsMin, timestampMsMax)]) {
    const date = new Date(atMs), days = Math.floor(atMs / 86_400_000);
    expect([atMs, civilFromDays(days), dayOfWeek(atMs)]).toEqual([atMs, { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() }, date.getUTCDay()]);
    expect(daysFromCivil(civilFromDays(days))).toBe(days);
    expect(parseTimestamp(timestampText(atMs))).toBe(atMs);
  }
});

describe('zones', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Kathmandu', 'UTC'];
  it.each(zones)('%s has the offset that Intl gives, kept or not', (zone) => {
    const offset = zoneOffset(zone);
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    for (const atMs of [...randomTimes(400, Date.UTC(1975, 0), Date.UTC(2037, 0)), ...around(Date.UTC(2024, 2, 31, 1)), ...around(Date.UTC(2011, 3, 2, 15)), ...around(Date.UTC(2011, 11, 30, 10))]) {
      const whole = Math.floor(atMs / 1000) * 1000;
      const wall = timestampText(whole + (offset?.(atMs) ?? Number.NaN));
      expect([atMs, wall]).toEqual([atMs, `${format.format(whole).replace(' ', 'T')}Z`]);
    }
  });
  const around = (atMs: number): readonly number[] => [-1_800_000, -60_000, -1, 0, 1, 60_000, 1_800_000].map((byMs) => atMs + byMs);
  it.each([['+05:30', 19_800_000], ['-08:00', -28_800_000], ['02:00', 7_200_000]])('%s is %d ms', (zone, expected) => { expect(zoneOffset(zone)?.(0)).toBe(expected); });
  it.each(['Mars/Base', '', '+25:00', 'hello world'])('%j is no zone', (zone) => { expect(zoneOffset(zone)).toBeUndefined(); });
  it('keeps a bounded number of hours', () => {
    const offset = zoneOffset('Europe/Berlin');
    for (let hour = 0; hour < zoneHoursMax / 4; hour++) offset?.(hour * 3_600_000 * 7);
    expect(offset?.(Date.UTC(2024, 6, 1))).toBe(7_200_000);
  });
});

it.each([
  ['2024-05-01T10:00:00Z', Date.UTC(2024, 4, 1, 10)], ['2024-05-01T10:00:00', Date.UTC(2024, 4, 1, 10)], ['2024-05-01', Date.UTC(2024, 4, 1)], ['2024-05-01T10:00:00.1239+02:00', Date.UTC(2024, 4, 1, 8, 0, 0, 123)],
  ['2024-02-30T00:00:00Z', undefined], ['2024-05-01T24:00:00Z', undefined], ['0000-01-01T00:00:00Z', undefined], ['yesterday', undefined],
])('the time %j is %p', (text, expected) => { expect(parseTimestamp(text)).toBe(expected); });

it.each([['1h30m', 5_400_000], ['-1.5s', -1500], ['250ms', 250], ['7d', 604_800_000], ['0', 0], ['+2m', 120_000], ['1us', undefined], ['1000us', 1], ['', undefined], ['1', undefined], ['h', undefined], ['1h-2m', undefined]])('the duration %j is %p ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
  if (expected !== undefined) expect(parseDuration(durationText(expected))).toBe(expected);
});
