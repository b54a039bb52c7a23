import { hash } from 'node:crypto';
import type { SubmittedRow } from '../dependencies/edge';
import { describe } from '../http/validation';
import { problems } from '../http/problem';
import { hasRole, type Principal } from '../roles';
import { timeMs } from '../schemas/shared.schema';

export type Event = Readonly<Record<string, unknown>>;

/** How deep an event may be nested: what is behind the edge need not fear for its stack. */
export const nestingMax = 32;

/** @throws Problem 400 when the text is no JSON; 422 when it is no object, or nested too deeply. */
export function parseEvent(text: string): Event {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw problems.notParsable(error instanceof Error ? error.message : 'no JSON');
  }
  return checkEvent(parsed);
}

/** @throws Problem 422 when it is no object, or nested too deeply. */
export function checkEvent(parsed: unknown): Event {
  if (!isEvent(parsed)) throw problems.invalid('an event is an object', [{ field: '', expected: 'an object', got: describe(parsed) }]);
  for (const field in parsed) {
    const value = parsed[field];
    if (typeof value === 'object' && value !== null && isDeeperThan(value, nestingMax)) {
      throw problems.invalid(`${field} is nested too deeply`, [{ field, expected: `at most ${nestingMax} levels`, got: 'more' }]);
    }
  }
  return parsed;
}

const isEvent = (value: unknown): value is Event => typeof value === 'object' && value !== null && !Array.isArray(value);

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(part, levels - 1));
}

/**
 * The row that goes to the edge.
 * @throws Problem 403 for `_received_at` without the role `replay`, 422 where it is no time.
 */
export function submittedRow(json: string, event: Event, options: { readonly principal: Principal; readonly idempotencyKey: string | undefined }): SubmittedRow {
  return {
    json, event,
    receivedAtMs: receivedAtMs(event['_received_at'], options.principal),
    idempotency: options.idempotencyKey === undefined ? undefined : { key: options.idempotencyKey, bodyHash: hash('sha256', json, 'hex') },
  };
}

function receivedAtMs(given: unknown, principal: Principal): number | undefined {
  if (given === undefined || given === null) return undefined;
  if (!hasRole(principal, 'replay')) throw problems.forbidden('_received_at may only be set with the role replay');
  const parsed = timeMs.safeParse(given);
  if (parsed.success) return parsed.data;
  throw problems.invalid('_received_at is no time', [{ field: '_received_at', expected: 'ISO 8601, or milliseconds since the epoch', got: describe(given) }]);
}

const idempotencyKeyPattern = /^[\x21-\x7e]{1,256}$/;

/** @throws Problem 422 for a key that is empty, too long or not printable. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && idempotencyKeyPattern.test(header)) return header;
  throw problems.invalid('Idempotency-Key does not fit', [{ field: 'Idempotency-Key', expected: '1 to 256 printable characters', got: describe(header) }]);
}
