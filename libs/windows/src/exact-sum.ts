/** 2^27 + 1: splits a double into two halves of 26 bits (Veltkamp). */
const splitter = 134_217_729;
/** Integers up to here have squares below 2^53. */
const exactSquareMax = 94_906_265;
const exactMax = 9_007_199_254_740_992;

/**
 * An exact sum of doubles: nothing is rounded until `value()`, so the order of adding and merging changes no bit. Integers, money and
 * fractions alike; terms can be taken out again. Exact while no partial sum overflows (|x| up to about 1e150 for squares).
 * Where they overflow the value is NaN. Two components carry nearly every sum; what they can't hold goes to a list.
 * @source Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997; the rounding is that of Python's fsum.
 */
export class ExactSum {
  private high = 0;
  private low = 0;
  private rest: number[] | null = null;

  reset(): void { this.be(0); }

  /** Becomes this number. */
  be(x: number): void { this.high = x; this.low = 0; this.rest = null; }

  add(x: number): void {
    const sum = this.high + x;
    const part = sum - this.high;
    const error = (this.high - (sum - part)) + (x - part);
    this.high = sum;
    if (error !== 0) this.addLow(error);
  }

  /** Adds a·b exactly. */
  addProduct(a: number, b: number): void {
    const product = a * b;
    this.add(product);
    if (Number.isInteger(a) && Number.isInteger(b) && product <= exactMax && product >= -exactMax) return;
    const error = productError(a, b, product);
    if (error !== 0) this.add(error);
  }

  addSquare(x: number): void {
    if (x <= exactSquareMax && x >= -exactSquareMax && Math.trunc(x) === x) this.add(x * x);
    else this.addProduct(x, x);
  }

  subtractSquare(x: number): void {
    if (x <= exactSquareMax && x >= -exactSquareMax && Math.trunc(x) === x) this.add(-(x * x));
    else this.addProduct(-x, x);
  }

  mergeFrom(other: ExactSum): void {
    this.add(other.high);
    if (other.low !== 0) this.add(other.low);
    if (other.rest !== null) for (const part of other.rest) this.add(part);
  }

  /** Rounded once, to nearest even; never -0. */
  value(): number {
    if (this.rest === null) return this.high + this.low + 0;
    return roundParts(this.partials()) + 0;
  }

  /** The exact value where one double holds it, else NaN. */
  single(): number { return this.rest === null && this.low === 0 ? this.high : NaN; }

  /** The exact value as non-overlapping doubles, largest first; the same value always gives the same list. Zero is empty. */
  canonicalParts(): number[] {
    if (this.rest === null && this.low === 0) return this.high === 0 ? [] : [this.high];
    if (!Number.isFinite(this.value())) return [Infinity];
    const left = new ExactSum();
    left.mergeFrom(this);
    const parts: number[] = [];
    for (let i = 0; i < partsMax; i++) {
      const part = left.value();
      if (part === 0) break;
      parts.push(part);
      left.add(-part);
    }
    return parts;
  }

  static fromParts(parts: Iterable<number>): ExactSum {
    const sum = new ExactSum();
    for (const part of parts) sum.add(part);
    return sum;
  }

  private addLow(x: number): void {
    const sum = this.low + x;
    const part = sum - this.low;
    const error = (this.low - (sum - part)) + (x - part);
    this.low = sum;
    if (error !== 0) this.rest = growPartials(this.rest ?? [], error);
  }

  private partials(): number[] {
    let partials: number[] = [];
    for (const part of this.rest ?? []) partials = growPartials(partials, part);
    return growPartials(growPartials(partials, this.low), this.high);
  }
}

/** A double's exponents span 2,098 bits: no exact sum needs more parts. */
const partsMax = 40;

/** Sum of squared deviations n·Σx² − (Σx)², over n: exact until its one rounding. */
export function centredSquares(count: number, sum: ExactSum, squares: ExactSum): number {
  const wholeSum = sum.single();
  const scaled = count * squares.single();
  // Whole numbers below 2^53 all the way: nothing to round.
  if (scaled <= exactMax && wholeSum * wholeSum <= exactMax && Number.isInteger(scaled) && Number.isInteger(wholeSum)) return scaled - wholeSum * wholeSum;
  numerator.reset();
  if (wholeSum === wholeSum && scaled === scaled) {
    numerator.addProduct(count, squares.single());
    numerator.addProduct(-wholeSum, wholeSum);
    return numerator.value();
  }
  const sumParts = sum.canonicalParts();
  for (const part of squares.canonicalParts()) numerator.addProduct(count, part);
  for (const a of sumParts) for (const b of sumParts) numerator.addProduct(-a, b);
  return numerator.value();
}

const numerator = new ExactSum();

function productError(a: number, b: number, product: number): number {
  const aScaled = splitter * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = splitter * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return ((aHigh * bHigh - product) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
}

/** Adds x to non-overlapping partials of growing magnitude. */
function growPartials(partials: readonly number[], x: number): number[] {
  const grown: number[] = [];
  let carry = x;
  for (const partial of partials) {
    const sum = carry + partial;
    const part = sum - carry;
    const error = (carry - (sum - part)) + (partial - part);
    if (error !== 0) grown.push(error);
    carry = sum;
  }
  if (carry !== 0) grown.push(carry);
  return grown;
}

/** Correctly rounded sum of non-overlapping partials of growing magnitude. */
function roundParts(partials: readonly number[]): number {
  let index = partials.length - 1;
  if (index < 0) return 0;
  let high = partials[index] as number;
  let low = 0;
  while (index > 0) {
    index--;
    const x = high;
    const y = partials[index] as number;
    high = x + y;
    low = y - (high - x);
    if (low !== 0) break;
  }
  const next = index > 0 ? (partials[index - 1] as number) : 0;
  if ((low < 0 && next < 0) || (low > 0 && next > 0)) {
    const doubled = low * 2;
    const candidate = high + doubled;
    if (candidate - high === doubled) return candidate;
  }
  return high;
}
