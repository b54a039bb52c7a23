import { durationMs, timeMs } from './shared.schema';

describe('a time in a request', () => {
  it.each([
    [1_772_366_400_000, 1_772_366_400_000], ['1772366400000', 1_772_366_400_000], ['2026-03-01T12:00:00Z', 1_772_366_400_000], ['2026-03-01T12:00:00.000', 1_772_366_400_000],
    ['2026-03-01 12:00', 1_772_366_400_000], ['2026-03-01T13:00:00+01:00', 1_772_366_400_000], ['2026-03-01', 1_772_323_200_000],
  ])('%s is %d ms', (given, ms) => {
    expect(timeMs.parse(given)).toBe(ms);
  });

  it.each(['yesterday', '', '12:00', '2026-13-01', '2026-02-30', '2025-02-29T00:00:00Z', 1.5, 9e15, null])('%s is none', (given) => {
    expect(timeMs.safeParse(given).success).toBe(false);
  });
});

describe('a duration in a request', () => {
  it.each([['90s', 90_000], ['5m', 300_000], ['24h', 86_400_000], ['30d', 2_592_000_000], ['1ms', 1]])('%s is %d ms', (text, ms) => {
    expect(durationMs.parse(text)).toBe(ms);
  });
  it.each(['', '5', '5 m', '-1h', '1w'])('%s is none', (text) => {
    expect(durationMs.safeParse(text).success).toBe(false);
  });
});
