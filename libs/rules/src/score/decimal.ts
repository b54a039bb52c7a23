/** A decimal as `digits · 10^-scale`, exact. */
export interface Decimal { readonly digits: bigint; readonly scale: number }

/** The decimal as it was written: the shortest text that gives the same double. @throws RangeError when it is not finite. */
export function decimalOf(value: number): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (!match) throw new RangeError(`${value} is no decimal`);
  const fraction = match[3] ?? '';
  const digits = BigInt(`${match[1] ?? ''}${match[2] ?? ''}${fraction}`);
  const scale = fraction.length - Number(match[4] ?? 0);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** 1 − d. */
export const complement = (d: Decimal): Decimal => ({ digits: 10n ** BigInt(d.scale) - d.digits, scale: d.scale });

export const times = (a: Decimal, b: Decimal): Decimal => ({ digits: a.digits * b.digits, scale: a.scale + b.scale });

/** Rounded to `places` decimals, halves up; in units of 10^-places. For d ≥ 0. */
export function unitsOf(d: Decimal, places: number): bigint {
  if (d.scale <= places) return d.digits * 10n ** BigInt(places - d.scale);
  const divisor = 10n ** BigInt(d.scale - places);
  return (2n * d.digits + divisor) / (2n * divisor);
}
