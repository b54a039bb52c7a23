/** Integers beyond this are not exact any more. */
export const integerMax = 2 ** 53;

/**
 * Minor units from an amount with a fraction: 57.16 with 2 decimals is 5716, exactly, by its decimal digits and not by multiplication. Undefined
 * when it is no plain decimal, has more decimals than allowed, or is beyond ±2^53.
 */
export function minorUnits(amount: number | string, decimals: number): number | undefined {
  const match = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(typeof amount === 'number' ? plainDecimal(amount) : amount.trim());
  if (!match) return undefined;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > decimals) return undefined;
  const digits = `${match[2]}${fraction.padEnd(decimals, '0')}`.replace(/^0+(?=\d)/, '');
  if (digits.length > 16) return undefined;
  const units = BigInt(digits);
  if (units > BigInt(integerMax)) return undefined;
  return units === 0n ? 0 : Number(match[1] === '-' ? -units : units);
}

/** Shortest decimal that reads back as the same double, without an exponent where that can be said shortly. */
function plainDecimal(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (!match) return text;
  return `${match[1]}0.${'0'.repeat(Number(match[4]) - 1)}${match[2]}${match[3] ?? ''}`;
}
