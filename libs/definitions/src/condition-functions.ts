import type { CelType, CelValue, ExtraFunction } from '@weir/expressions';
import type { ConditionFrame } from './condition-frame';

type Extra = ExtraFunction<ConditionFrame>;

/** `ratio(a, b)`, `trend(a, b)`, `zscore(x, mean, sd)`: doubles; missing where a part is missing or the divisor is zero, never NaN or Infinity. */
export const featureFunctions: ReadonlyMap<string, Extra> = new Map([
  ['ratio', numeric(2, 'ratio(a, b)', (values) => quotient(numberAt(values, 0), numberAt(values, 1)))],
  ['trend', numeric(2, 'trend(newer, older)', (values) => quotient(numberAt(values, 0) - numberAt(values, 1), numberAt(values, 1)))],
  ['zscore', numeric(3, 'zscore(value, mean, sd)', (values) => quotient(numberAt(values, 0) - numberAt(values, 1), numberAt(values, 2)))],
]);

/** NaN where it is missing. */
function numberAt(values: readonly CelValue[], index: number): number {
  const value = values[index];
  return typeof value === 'number' ? value : NaN;
}

/** What a division by zero, or a missing part, comes to is not finite. */
function quotient(dividend: number, divisor: number): number | undefined {
  const value = dividend / divisor;
  return Number.isFinite(value) ? value : undefined;
}

function numeric(count: number, form: string, compute: (values: readonly CelValue[]) => number | undefined): Extra {
  return { type: (types) => (types.length === count && types.every(isNumber) ? { kind: 'double' } : `${form} of numbers`), call: (_frame, values) => compute(values) };
}

const isNumber = (type: CelType): boolean => type.kind === 'int' || type.kind === 'double' || type.kind === 'null';

/** `count sum avg min max first last` over the events that a pattern's step has taken, or over one field of them. */
export const takenFunctions: ReadonlyMap<string, Extra> = new Map<string, Extra>([
  ['count', { type: (types) => (listOf(types) === undefined ? 'count(STEP) or count(STEP.field)' : { kind: 'int' }), call: (_frame, [list]) => present(list).length }],
  ['sum', aggregate('sum', (type) => (type.kind === 'int' ? type : { kind: 'double' }), (numbers) => numbers.reduce((total, each) => total + each, 0))],
  ['avg', aggregate('avg', () => ({ kind: 'double' }), (numbers) => (numbers.length === 0 ? undefined : numbers.reduce((total, each) => total + each, 0) / numbers.length))],
  ['min', aggregate('min', (type) => type, (numbers) => (numbers.length === 0 ? undefined : numbers.reduce((least, each) => Math.min(least, each))))],
  ['max', aggregate('max', (type) => type, (numbers) => (numbers.length === 0 ? undefined : numbers.reduce((most, each) => Math.max(most, each))))],
  ['first', { type: (types) => elementOf(types) ?? 'first(STEP.field)', call: (_frame, [list]) => elementAt(list, 0) }],
  ['last', { type: (types) => elementOf(types) ?? 'last(STEP.field)', call: (_frame, [list]) => elementAt(list, -1) }],
]);

const listOf = (types: readonly CelType[]): CelType | undefined => (types.length === 1 && types[0]?.kind === 'list' ? types[0].of : undefined);
function elementOf(types: readonly CelType[]): CelType | undefined {
  const of = listOf(types);
  return of === undefined || of.kind === 'dyn' ? undefined : of;
}

function aggregate(name: string, type: (of: CelType) => CelType, compute: (numbers: readonly number[]) => number | undefined): Extra {
  return {
    type: (types) => {
      const of = elementOf(types);
      const fits = of !== undefined && (of.kind === 'int' || of.kind === 'double' || (of.kind === 'timestamp' && (name === 'min' || name === 'max')));
      return fits ? type(of) : `${name}(STEP.field) of a numeric field`;
    },
    call: (_frame, [list]) => compute(present(list).filter((each) => typeof each === 'number')),
  };
}

const present = (list: CelValue): readonly unknown[] => (Array.isArray(list) ? list.filter((each: unknown) => each !== undefined) : []);
function elementAt(list: CelValue, index: number): CelValue {
  const value: unknown = Array.isArray(list) ? list.at(index) : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}
