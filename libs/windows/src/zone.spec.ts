import { forSeeds } from '@weir/testkit';
import { zoneOf } from './zone';

const iso = (ms: number): string => new Date(ms).toISOString();
const at = (text: string): number => Date.parse(text);

describe('a zone', () => {
  it.each([
    ['America/New_York', 'day', '2025-11-02T12:00:00Z', '2025-11-02T04:00:00.000Z'],
    ['America/New_York', 'day', '2025-11-03T04:59:59Z', '2025-11-02T04:00:00.000Z'],
    ['America/New_York', 'day', '2025-11-03T05:00:00Z', '2025-11-03T05:00:00.000Z'],
    ['Asia/Kolkata', 'day', '2025-01-01T18:29:59.999Z', '2024-12-31T18:30:00.000Z'],
    ['Europe/Berlin', 'week', '2025-03-30T10:00:00Z', '2025-03-23T23:00:00.000Z'],
    ['Europe/Berlin', 'month', '2025-03-31T10:00:00Z', '2025-02-28T23:00:00.000Z'],
    ['UTC', 'week', '1970-01-01T00:00:00Z', '1969-12-29T00:00:00.000Z'],
    // Midnight does not exist on this day: the clock goes from 23:59:59 to 01:00:00.
    ['America/Sao_Paulo', 'day', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00.000Z'],
  ] as const)('%s: the %s of %s begins at %s', (zone, unit, time, begin) => { expect(iso(zoneOf(zone).startOf(unit, at(time)))).toBe(begin); });

  it('has the offsets that Intl says, cached or not', () => {
    forSeeds(5, (random) => {
      for (const name of ['Europe/London', 'Australia/Lord_Howe', 'America/St_Johns', 'Africa/Casablanca', 'Asia/Kathmandu']) {
        const format = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' });
        for (let i = 0; i < 100; i++) {
          const utcMs = Math.floor(random.int(at('1995-01-01'), at('2035-01-01')) / 1_000) * 1_000;
          expect(zoneOf(name).offsetMs(utcMs)).toBe(at(`${format.format(utcMs).replace(' ', 'T')}Z`) - utcMs);
        }
      }
    });
  });
});
