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

type Test = (event: JsonEvent, taken: TakenView<JsonEvent>) => boolean;

/** @throws WeirError WEIR_PATTERN_INVALID for a form that is not known. */
export function compileJsonCondition(condition: JsonCondition): StepCondition<JsonEvent> {
  return { key: JSON.stringify(condition), iterative: readsTaken(condition), holds: testOf(condition), selector: selectorOf(condition) };
}

function testOf(condition: JsonCondition): Test {
  if (!isObject(condition)) throw unknownForm(condition);
  if ('and' in condition) { const tests = condition.and.map(testOf); return (event, taken) => tests.every((test) => test(event, taken)); }
  if ('or' in condition) { const tests = condition.or.map(testOf); return (event, taken) => tests.some((test) => test(event, taken)); }
  if ('not' in condition) { const test = testOf(condition.not); return (event, taken) => !test(event, taken); }
  const compare = comparisonOf(condition.op);
  if ('iter' in condition) return iterTest(condition, compare);
  if (typeof condition.field !== 'string') throw unknownForm(condition);
  const { field, value } = condition;
  return (event) => compare(fieldOf(event, field), value);
}

function iterTest(condition: Extract<JsonCondition, { iter: unknown }>, compare: (left: unknown, right: unknown) => boolean): Test {
  const { of, agg, field, includeCurrent = false } = condition.iter;
  return (event, taken) => {
    const events = includeCurrent ? [...taken.eventsOf(of), event] : taken.eventsOf(of);
    const right = condition.current === undefined ? condition.value : fieldOf(event, condition.current);
    return compare(aggregate(agg, events, field), right);
  };
}

function aggregate(agg: Aggregation, events: readonly JsonEvent[], field: string | undefined): unknown {
  if (agg === 'count') return field === undefined ? events.length : events.filter((event) => fieldOf(event, field) !== undefined).length;
  const values = events.map((event) => (field === undefined ? undefined : fieldOf(event, field))).filter((value) => value !== undefined);
  switch (agg) {
    case 'first': return values[0];
    case 'last': return values.at(-1);
    case 'sum': return values.reduce<number>((sum, value) => sum + Number(value), 0);
    case 'min': return values.length === 0 ? undefined : values.reduce((a, b) => (less(b, a) ? b : a));
    case 'max': return values.length === 0 ? undefined : values.reduce((a, b) => (less(a, b) ? b : a));
    default: throw new WeirError('WEIR_PATTERN_INVALID', `unknown aggregate ${String(agg)}`);
  }
}

const fieldOf = (event: JsonEvent, field: string): unknown => (field === '$ts' ? event.ts : event[field] ?? undefined);
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
