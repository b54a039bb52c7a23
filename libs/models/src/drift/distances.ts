/** A share is taken to be at least this in `populationStability`, for the logarithm. */
const shareMin = 1e-4;

/** Σ (current − reference) · ln(current / reference), shares below 0.0001 counted as that. Usual reading: 0.1 some change, 0.2 drift. */
export function populationStability(reference: readonly number[], current: readonly number[]): number {
  return reference.reduce((sum, share, bin) => {
    const [before, now] = [Math.max(share, shareMin), Math.max(current[bin] ?? 0, shareMin)];
    return sum + (now - before) * Math.log(now / before);
  }, 0);
}

/** Jensen–Shannon distance, base 2: 0 for the same shares, 1 for none in common. */
export function jensenShannonDistance(one: readonly number[], other: readonly number[]): number {
  let divergence = 0;
  one.forEach((share, bin) => {
    const second = other[bin] ?? 0;
    const middle = (share + second) / 2;
    divergence += entropyTerm(share, middle) + entropyTerm(second, middle);
  });
  return Math.sqrt(Math.max(0, divergence / 2));
}

const entropyTerm = (share: number, middle: number): number => (share === 0 ? 0 : share * Math.log2(share / middle));

/** Largest distance between the two distribution functions. Both ascending; 0 when one is empty. */
export function kolmogorovSmirnov(one: ArrayLike<number>, other: ArrayLike<number>): number {
  if (one.length === 0 || other.length === 0) return 0;
  let [first, second, largest] = [0, 0, 0];
  while (first < one.length && second < other.length) {
    const value = Math.min(one[first] as number, other[second] as number);
    while (first < one.length && (one[first] as number) <= value) first++;
    while (second < other.length && (other[second] as number) <= value) second++;
    largest = Math.max(largest, Math.abs(first / one.length - second / other.length));
  }
  return largest;
}

/** Probability of such a distance or a larger one between samples of the same distribution: Kolmogorov's limit, for 20 values and more. */
export function kolmogorovSmirnovPValue(distance: number, countOne: number, countOther: number): number {
  if (countOne === 0 || countOther === 0) return 1;
  const scaled = distance * Math.sqrt((countOne * countOther) / (countOne + countOther));
  if (scaled < 0.2) return 1; // the series does not converge there; the value is 1 to twelve places
  let sum = 0;
  for (let term = 1; term <= seriesTermsMax; term++) {
    const size = 2 * Math.exp(-2 * term * term * scaled * scaled);
    sum += term % 2 === 1 ? size : -size;
    if (size < 1e-16) break;
  }
  return Math.min(1, Math.max(0, sum));
}

const seriesTermsMax = 200;
