import type { JsonEvent } from '../src/index';

const cardCount = 50_000;
const bandUpTo = [129_000, 313_000, 500_000, 687_000, 871_000, 947_000, 982_270, 996_980, 999_387, 999_900, 1_000_000];
const bandLowCents = [100, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_001];
const bandHighCents = [1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_001, 2_000_001];

export interface BenchEvent extends JsonEvent { readonly card: string; readonly amount: number }

/** Payments of 50,000 cards, one a millisecond, amounts in log-normal steps; integers alone, so that every language makes the same ones. */
export function benchEvents(count: number): { readonly events: BenchEvent[]; readonly centsSum: number; readonly hash: string } {
  let state = 42;
  const below = (bound: number): number => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return Math.floor((state * bound) / 4_294_967_296);
  };
  let centsSum = 0, hash = 0x811c9dc5;
  const mix = (value: number): void => { for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((value >>> shift) & 0xff), 0x01000193); };
  const events = Array.from({ length: count }, (_, at): BenchEvent => {
    const card = below(cardCount), p = below(1_000_000);
    const band = bandUpTo.findIndex((upTo) => p < upTo);
    const low = bandLowCents[band] as number;
    const cents = low + below((bandHighCents[band] as number) - low);
    centsSum += cents;
    mix(card);
    mix(cents);
    return { id: `t${at}`, card: `c${String(card).padStart(5, '0')}`, ts: 1_700_000_000_000 + at, amount: cents / 100 };
  });
  return { events, centsSum, hash: (hash >>> 0).toString(16).padStart(8, '0') };
}
