import { WeirError } from '@weir/contracts';
import type { Selector, StepCondition, TakenView } from './condition';

type Scalar = string | number | boolean | null;
type Op = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'in' | 'contains' | 'startsWith';
type Aggregation = 'count' | 'sum' | 'min' | 'max' | 'first' | 'last';

/** A condition of the JSON form: a comparison, a combination, or a comparison of an aggregate over events already taken. */
export type JsonCondition =
  | { readonly field: string; readonly op: Op; readonly value: Scalar | readonly Scalar[] }
  | { readonly and: readonly JsonCondition[] }
  | { readonly or: readonly JsonCondition[] }
  | { readonly not: JsonCondition }
  | {
      readonly iter: { readonly of: string; readonly agg: Aggregation; readonly field?: string; readonly includeCurrent?: boolean };
      readonly op: Op; readonly value?: Scalar | readonly Scalar[]; readonly current?: string;
    };

/** An event of plain JSON; `$ts` is its time. */
export interface JsonEvent { readonly id: string; readonly ts: number; readonly [field: string]: unknown }

/** How conditions read the events they are asked about; a missing field is undefined or null. */
export type ReadEventField<E> = (event: E, field: string) => unknown;

/** Undefined: unknown, because a field is missing. */
type Test<E> = (event: E, taken: TakenView<E>) => boolean | undefined;

/** A field of a plain JSON event; `$ts` is its time. */
export const readJsonField: ReadEventField<JsonEvent> = (event, field) => (field === '$ts' ? event.ts : event[field]);

/** @throws WeirError WEIR_PATTERN_INVALID for a form that is not known. */
export function compileJsonCondition<E>(condition: JsonCondition, read: ReadEventField<E>): StepCondition<E> {
  const test = testOf(condition, (event: E, field) => read(event, field) ?? undefined);
  return { key: JSON.stringify(condition), iterative: readsTaken(condition), holds: (event, taken) => test(event, taken) === true, selector: selectorOf(condition) };
}

/** Three-valued: unknown and false is false, unknown or true is true, not unknown is unknown. */
function testOf<E>(condition: JsonCondition, read: ReadEventField<E>): Test<E> {
  if (!isObject(condition)) throw unknownForm(condition);
  if ('and' in condition) return combined(condition.and.map((part) => testOf(part, read)), false);
  if ('or' in condition) return combined(condition.or.map((part) => testOf(part, read)), true);
  if ('not' in condition) { const test = testOf(condition.not, read); return (event, taken) => { const answer = test(event, taken); return answer === undefined ? undefined : !answer; }; }
  const compare = comparisonOf(condition.op);
  if ('iter' in condition) return iterTest(condition, compare, read);
  if (typeof condition.field !== 'string') throw unknownForm(condition);
  const { field, value } = condition;
  return (event) => { const left = read(event, field); return left === undefined || value === null ? undefined : compare(left, value); };
}

function combined<E>(tests: readonly Test<E>[], decisive: boolean): Test<E> {
  return (event, taken) => {
    let answer: boolean | undefined = !decisive;
    for (const test of tests) {
      const part = test(event, taken);
      if (part === decisive) return decisive;
      if (part === undefined) answer = undefined;
    }
    return answer;
  };
}

function iterTest<E>(condition: Extract<JsonCondition, { iter: unknown }>, compare: (left: unknown, right: unknown) => boolean, read: ReadEventField<E>): Test<E> {
  const { of, agg, field, includeCurrent = false } = condition.iter;
  return (event, taken) => {
    const events = includeCurrent ? [...taken.eventsOf(of), event] : taken.eventsOf(of);
    const right = condition.current === undefined ? condition.value : read(event, condition.current);
    if (right === undefined || right === null) return undefined;
    return compare(aggregate(agg, field === undefined ? events : events.map((each) => read(each, field)).filter((value) => value !== undefined)), right);
  };
}

function aggregate(agg: Aggregation, values: readonly unknown[]): unknown {
  switch (agg) {
    case 'count': return values.length;
    case 'first': return values[0];
    case 'last': return values.at(-1);
    case 'sum': return values.reduce<number>((sum, value) => sum + Number(value), 0);
    case 'min': return values.length === 0 ? undefined : values.reduce((a, b) => (less(b, a) ? b : a));
    case 'max': return values.length === 0 ? undefined : values.reduce((a, b) => (less(a, b) ? b : a));
    default: throw new WeirError('WEIR_PATTERN_INVALID', `unknown aggregate ${String(agg)}`);
  }
}

const less = (a: unknown, b: unknown): boolean =>
  typeof a === 'number' && typeof b === 'number' ? a < b : typeof a === 'string' && typeof b === 'string' ? a < b : false;
const comparable = (a: unknown, b: unknown): boolean => typeof a === typeof b && a !== undefined && a !== null && b !== null;

/** A missing value makes every comparison false, `ne` included. */
function comparisonOf(op: Op): (left: unknown, right: unknown) => boolean {
  switch (op) {
    case 'eq': return (a, b) => comparable(a, b) && a === b;
    case 'ne': return (a, b) => a !== undefined && b !== undefined && b !== null && a !== b;
    case 'lt': return less;
    case 'gt': return (a, b) => less(b, a);
    case 'le': return (a, b) => less(a, b) || (comparable(a, b) && a === b);
    case 'ge': return (a, b) => less(b, a) || (comparable(a, b) && a === b);
    case 'in': return (a, b) => a !== undefined && Array.isArray(b) && b.includes(a);
    case 'contains': return (a, b) => typeof a === 'string' && typeof b === 'string' && a.includes(b);
    case 'startsWith': return (a, b) => typeof a === 'string' && typeof b === 'string' && a.startsWith(b);
    default: throw new WeirError('WEIR_PATTERN_INVALID', `unknown operator ${String(op)}`, { findings: [{ where: 'where', field: 'op', expected: 'eq, ne, lt, le, gt, ge, in, contains or startsWith', got: String(op) }] });
  }
}

function readsTaken(condition: JsonCondition): boolean {
  if ('and' in condition) return condition.and.some(readsTaken);
  if ('or' in condition) return condition.or.some(readsTaken);
  if ('not' in condition) return readsTaken(condition.not);
  return 'iter' in condition;
}

function selectorOf(condition: JsonCondition): Selector | undefined {
  if ('and' in condition) return condition.and.map(selectorOf).find((selector) => selector !== undefined);
  if (!('field' in condition)) return undefined;
  const { field, op, value } = condition;
  if (op === 'eq' && (typeof value === 'string' || typeof value === 'number')) return { kind: 'values', field, values: [value] };
  if (typeof value !== 'number') return undefined;
  const range = { kind: 'range', field, from: -Infinity, to: Infinity, fromOpen: false, toOpen: false } as const;
  if (op === 'lt' || op === 'le') return { ...range, to: value, toOpen: op === 'lt' };
  if (op === 'gt' || op === 'ge') return { ...range, from: value, fromOpen: op === 'gt' };
  return undefined;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const unknownForm = (condition: unknown): WeirError =>
  new WeirError('WEIR_PATTERN_INVALID', `not a condition: ${JSON.stringify(condition)}`, { findings: [{ where: 'where', field: 'where', expected: '{field, op, value}, and, or, not or iter', got: JSON.stringify(condition) ?? 'nothing' }] });

/** Whether a value has the outer shape of a condition; the inside is checked when it is compiled. */
export function isJsonCondition(value: unknown): value is JsonCondition {
  return isObject(value) && ('and' in value || 'or' in value || 'not' in value || 'iter' in value || ('field' in value && 'op' in value));
}
