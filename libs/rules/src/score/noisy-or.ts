import { complement, decimalOf, roundedUnits, times, type Decimal } from './decimal';

/** The score is rounded to 12 decimals before it is compared or printed. */
export const scorePlaces = 12;
const unitsPerOne = 1e12;

/**
 * 1 − (1 − p)·Π(1 − wᵢ), rounded to 12 decimals, halves up, in units of 1e-12: exact for the decimals as written.
 * It is computed in doubles with a bound on their error; only where the bound leaves the last place open are exact integers used,
 * so the answer is that of exact arithmetic always.
 * @param skip index of a weight left out, for its contribution; -1: none.
 */
export function scoreUnits(p: number, weights: ArrayLike<number>, count: number, skip = -1): number {
  let rest = 1 - p;
  for (let i = 0; i < count; i++) if (i !== skip) rest *= 1 - (weights[i] as number);
  const scaled = (1 - rest) * unitsPerOne;
  const floor = Math.floor(scaled);
  // Each of the count + 1 factors and products is off by at most 2^-53 relative and everything is at most 1; doubled twice for safety.
  const errorUnits = (4 * count + 16) * 1.12e-16 * unitsPerOne;
  const aboveHalf = scaled - floor - 0.5;
  if (aboveHalf > errorUnits) return floor + 1;
  if (aboveHalf < -errorUnits) return floor;
  return exactScoreUnits(p, weights, count, skip);
}

/** The same by integers alone: slow, and the reference of the tests. */
export function exactScoreUnits(p: number, weights: ArrayLike<number>, count: number, skip = -1): number {
  let rest: Decimal = complement(decimalOf(p));
  for (let i = 0; i < count; i++) if (i !== skip) rest = times(rest, complement(decimalOf(weights[i] as number)));
  return Number(roundedUnits(complement(rest), scorePlaces));
}

/** The double nearest to the rounded decimal; it prints with at most 12 decimals. */
export const scoreFromUnits = (units: number): number => units / unitsPerOne;

/** 100 · score, as the decimal. */
export const riskScoreFromUnits = (units: number): number => units / (unitsPerOne / 100);
