import { complement, decimalOf, times, unitsOf, type Decimal } from './decimal';

/** The score is rounded to 12 decimals before it is compared or printed. */
const scorePlaces = 12;
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
  return roundedUnits(rest, count) ?? exactScoreUnits(p, weights, count, skip);
}

/** 1 − rest in units, rounded; undefined where the error of `count` + 1 factors leaves the last place open. */
function roundedUnits(rest: number, count: number): number | undefined {
  const scaled = (1 - rest) * unitsPerOne;
  const floor = Math.floor(scaled);
  // Each of the factors and products is off by at most 2^-53 relative and everything is at most 1; four times that for safety.
  const errorUnits = (4 * count + 16) * 1.12e-16 * unitsPerOne;
  const aboveHalf = scaled - floor - 0.5;
  if (aboveHalf > errorUnits) return floor + 1;
  return aboveHalf < -errorUnits ? floor : undefined;
}

/** `scoreUnits` without each weight in turn, all of them in linear time; `into` gets `count` numbers. */
export function scoreUnitsWithout(p: number, weights: ArrayLike<number>, count: number, into: Float64Array): void {
  let after = 1;
  for (let i = count - 1; i >= 0; i--) {
    into[i] = after;
    after *= 1 - (weights[i] as number);
  }
  let before = 1 - p;
  for (let i = 0; i < count; i++) {
    into[i] = roundedUnits(before * (into[i] as number), count) ?? exactScoreUnits(p, weights, count, i);
    before *= 1 - (weights[i] as number);
  }
}

/** The same by integers alone: slow, and the reference of the tests. */
export function exactScoreUnits(p: number, weights: ArrayLike<number>, count: number, skip = -1): number {
  let rest: Decimal = complement(decimalOf(p));
  for (let i = 0; i < count; i++) if (i !== skip) rest = times(rest, complement(decimalOf(weights[i] as number)));
  return Number(unitsOf(complement(rest), scorePlaces));
}

/** The double nearest to the rounded decimal; it prints with at most 12 decimals. */
export const scoreFromUnits = (units: number): number => units / unitsPerOne;

/** 100 · score, as the decimal. */
export const riskScoreFromUnits = (units: number): number => units / (unitsPerOne / 100);
