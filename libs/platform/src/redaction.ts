/**
 * Takes out of a finished log line what must never be in one: card numbers, API keys, credentials inside URLs. It is the second
 * line of defence; the first is that named fields (`secretFields`) are never written.
 */
export function redactLine(line: string): string {
  return line
    .replace(bearerPattern, '$1 [redacted]')
    .replace(apiKeyPattern, '[redacted key]')
    .replace(urlCredentialsPattern, '$1[redacted]@')
    .replace(cardPattern, (digits) => (isCardNumber(digits) ? '[redacted card]' : digits));
}

/** Names of fields that are left out of every log line, at the top and up to two levels down. */
export const secretFields = [
  'authorization', 'Authorization', 'cookie', 'password', 'secret', 'token', 'api_key', 'apiKey', 'key', 'hmacKey',
  'card', 'card_id', 'card_number', 'cardNumber', 'pan', 'cvv',
] as const;

/** Every key that Weir makes starts like this, so that one can be found wherever it leaked to. */
export const apiKeyPrefix = 'weir_';

const bearerPattern = /\b(Bearer)\s+[\w.~+/=-]+/gi;
const apiKeyPattern = /\bweir_[A-Za-z0-9_-]{40,}/g;
const urlCredentialsPattern = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi;
/** 14 to 19 digits, single spaces or hyphens between; 13 would take every time in ms for a candidate. */
const cardPattern = /(?<![\w.])[2-6]\d(?:[ -]?\d){12,17}(?![\w.])/g;

/** Luhn's check digit holds. */
export function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
