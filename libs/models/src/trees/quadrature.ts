/**
 * Points and weights on (0, 1) that integrate every polynomial of degree 2·count − 1 exactly (Gauss–Legendre), by Newton's
 * method on the Legendre polynomial.
 */
export function gaussLegendre(count: number): Quadrature {
  const known = quadratureByCount.get(count);
  if (known !== undefined) return known;
  const made = makeQuadrature(count);
  if (quadratureByCount.size < quadraturesKeptMax) quadratureByCount.set(count, made);
  return made;
}

export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

const quadraturesKeptMax = 64;
const quadratureByCount = new Map<number, Quadrature>();

function makeQuadrature(count: number): Quadrature {
  const points = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    let x = Math.cos((Math.PI * (index + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < newtonStepsMax; step++) {
      const [value, derivative] = legendre(count, x);
      slope = derivative;
      const change = value / derivative;
      x -= change;
      if (Math.abs(change) < 1e-16) break;
    }
    slope = legendre(count, x)[1];
    points[index] = (1 - x) / 2;
    weights[index] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}

const newtonStepsMax = 100;

/** P_n(x) and its derivative. */
function legendre(degree: number, x: number): [number, number] {
  let before = 1;
  let value = x;
  for (let n = 2; n <= degree; n++) [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
  return [value, (degree * (x * value - before)) / (x * x - 1)];
}
