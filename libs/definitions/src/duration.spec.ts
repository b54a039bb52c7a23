import { parseMomentMs } from './duration';

it.each([
  ['2024-02-29', Date.UTC(2024, 1, 29)], ['2026-03-01T13:00:00+0100', Date.UTC(2026, 2, 1, 12)], ['2026-03-01 12:00', Date.UTC(2026, 2, 1, 12)], ['2026-03-01t12:00:00z', Date.UTC(2026, 2, 1, 12)], [5, 5],
])('%s is the moment %d', (given, ms) => { expect(parseMomentMs(given)).toBe(ms); });

it.each(['2025-02-29', '2026-02-30', '2026-04-31T00:00:00Z', '2026-13-01', '2026-01-00', 'soon', 1.5])('%s is no moment', (given) => { expect(parseMomentMs(given)).toBeUndefined(); });
