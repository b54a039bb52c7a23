import type { Value } from '@weir/contracts';
import type { Field } from '@weir/definitions';
import { describeGot, type FieldFault } from './field-fault';
import { integerMax, minorUnits } from '@weir/pipeline';
import { readTimestamp } from '@weir/pipeline';

/** One declared field, compiled. */
export interface FieldReader {
  /** The event's key. */
  readonly from: string;
  /** The value as it enters state; null when it is missing and may be; undefined when it is refused. */
  readonly read: (raw: unknown, text: string) => Value | undefined;
  /** Adds the data-quality checks that fail, as `field:check`, to the marks; absent where the field has none. */
  readonly checks: ((value: Exclude<Value, null>, marks: string[] | undefined) => string[] | undefined) | undefined;
  readonly fault: (raw: unknown) => FieldFault;
}

type Convert = (raw: unknown, text: string) => Exclude<Value, null> | undefined;

export function readField(field: Field): FieldReader {
  const convert = converterOf(field);
  const whenMissing = field.required ? undefined : null;
  return {
    from: field.from,
    read: (raw, text) => (raw === undefined || raw === null ? whenMissing : convert(raw, text)),
    checks: checksOf(field),
    fault: (raw) => ({ field: field.name, expected: expectedOf(field), got: field.tokenise && raw !== undefined && raw !== null ? `a ${typeof raw}` : describeGot(raw) }),
  };
}

function converterOf(field: Field): Convert {
  switch (field.type) {
    case 'string': return (raw) => (typeof raw === 'string' ? raw : undefined);
    case 'bool': return (raw) => (typeof raw === 'boolean' ? raw : undefined);
    case 'number': return (raw) => (typeof raw === 'number' && Number.isFinite(raw) ? raw + 0 : undefined);
    case 'timestamp': return readTimestamp;
    case 'int': return (raw, text) => exactInteger(raw, text, field.from);
    case 'money': {
      const decimals = field.decimals;
      if (decimals === null) return (raw, text) => exactInteger(raw, text, field.from);
      return (raw) => (typeof raw === 'number' || typeof raw === 'string' ? minorUnits(raw, decimals) : undefined);
    }
  }
}

/** An integer within ±2^53, where exactly 2^53 is believed only when the text says so: 2^53 + 1 reads as the same double. */
function exactInteger(raw: unknown, text: string, key: string): number | undefined {
  if (typeof raw !== 'number') return undefined;
  if (Number.isSafeInteger(raw)) return raw + 0;
  return Math.abs(raw) === integerMax && sourceText(text, key) === String(raw) ? raw : undefined;
}

function sourceText(text: string, key: string): string | undefined {
  let found: string | undefined;
  const reviver = function (this: unknown, name: string, value: unknown, context?: { source?: string }): unknown {
    if (name === key && typeof value === 'number') found = context?.source;
    return value;
  };
  JSON.parse(text, reviver);
  return found;
}

function checksOf(field: Field): FieldReader['checks'] {
  const checks: Array<readonly [name: string, holds: (value: Exclude<Value, null>) => boolean]> = [];
  const { min, max } = field;
  if (min !== null) checks.push([`${field.name}:min`, (value) => typeof value !== 'number' || value >= min]);
  if (max !== null) checks.push([`${field.name}:max`, (value) => typeof value !== 'number' || value <= max]);
  if (field.enum !== null) {
    const allowed = new Set<Value>(field.enum);
    checks.push([`${field.name}:enum`, (value) => allowed.has(value)]);
  }
  if (field.matches !== null) {
    const pattern = new RegExp(field.matches, 'u');
    checks.push([`${field.name}:matches`, (value) => typeof value !== 'string' || pattern.test(value)]);
  }
  if (checks.length === 0) return undefined;
  return (value, marks) => {
    for (const [name, holds] of checks) if (!holds(value)) (marks ??= []).push(name);
    return marks;
  };
}

function expectedOf(field: Field): string {
  const what = { string: 'text', number: 'a finite number', int: 'an integer within ±2^53', money: 'an integer of minor units within ±2^53', bool: 'true or false', timestamp: 'a time: ms since the epoch or ISO 8601' }[field.type];
  const scaled = field.type === 'money' && field.decimals !== null ? `an amount with at most ${field.decimals} decimals, within ±2^53 minor units` : what;
  return field.required ? `${scaled}, required` : scaled;
}
