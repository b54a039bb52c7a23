/** Issuer number used for tests only. */
const testPrefix = '400000';
const accounts = 1_000_000_000;
/** Odd and no multiple of 5: counting up by it meets every account once, and neighbours look unlike. */
const stride = 387_420_489;

/** The card number of a customer: 16 digits, Luhn-valid, different for the first 10^9 customers. */
export function testCardNumber(customer: number): string {
  const account = Number((BigInt(customer) * BigInt(stride) + 123_456_789n) % BigInt(accounts));
  const body = testPrefix + String(account).padStart(9, '0');
  return body + luhnDigit(body);
}

export function isLuhnValid(number: string): boolean {
  return /^\d{2,}$/.test(number) && luhnDigit(number.slice(0, -1)) === Number(number.slice(-1));
}

/** The digit that makes the number valid when it is put behind it. */
function luhnDigit(body: string): number {
  let sum = 0;
  for (let index = body.length - 1, double = true; index >= 0; index--, double = !double) {
    const digit = body.charCodeAt(index) - 48;
    const value = double ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
  }
  return (10 - (sum % 10)) % 10;
}
