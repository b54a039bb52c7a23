/** A number that is `bias + Σ weights·x`, or the logistic of it. */
export interface Affine {
  readonly weights: Float64Array;
  readonly bias: number;
  readonly logistic: boolean;
}

export const inputColumn = (inputs: number, column: number): Affine => {
  const weights = new Float64Array(inputs);
  weights[column] = 1;
  return { weights, bias: 0, logistic: false };
};

/** `a·scale + shift`. */
export const scaled = (a: Affine, scale: number, shift: number): Affine => ({ weights: a.weights.map((weight) => weight * scale), bias: a.bias * scale + shift, logistic: false });

/** Σ parts[j]·factors[j] + shift. */
export function combined(parts: readonly Affine[], factors: (index: number) => number, shift: number): Affine {
  const weights = new Float64Array(parts[0]?.weights.length ?? 0);
  let bias = shift;
  parts.forEach((part, index) => {
    const factor = factors(index);
    bias += part.bias * factor;
    part.weights.forEach((weight, input) => { weights[input] = (weights[input] as number) + weight * factor; });
  });
  return { weights, bias, logistic: false };
}
