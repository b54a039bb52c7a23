import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
import { WeirError } from '@weir/contracts';
import type { CelType, CelValue } from './api';
import { compile } from './compile';

/** CEL's own conformance cases that need no names: what we compile must give what CEL gives, an error of CEL being our unknown. */
type Suite = typeof tests;
interface Case { readonly name: string; readonly expr: string; readonly expected: Readonly<Record<string, unknown>>; readonly isError: boolean }

function casesOf(suite: Suite, path: string): readonly Case[] {
  const own = (suite.tests ?? []).flatMap(({ original }): Case[] => {
    if (['bindings', 'typeEnv', 'container'].some((name) => name in original)) return [];
    return [{ name: path, expr: original.expr, expected: fieldsOf('value' in original ? original['value'] : {}), isError: 'evalError' in original }];
  });
  return [...own, ...(suite.suites ?? []).flatMap((inner) => casesOf(inner, `${path}/${inner.name}`))];
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? { ...value } : {});

/** What README.md names as different, by the pieces of the text that tell it. */
const deviations = [
  /0\.0\/0\.0|15\.75 \/ 0\.0|8\.988466e\+307/, // never NaN or Infinity: unknown
  /exists_one\(n, 12 \/ n > 1\)/, // two elements suffice to say false, whatever the rest
  /math\.(ceil|floor|round)\(dyn\(1\)\)/, // an int is its own ceiling
  /9999-12-31T23:59:59\.999999999Z'\)\)$|^timestamp\('(9999|0001)-.*'\) - timestamp\('(0001|9999)-/, // milliseconds; a duration may be as long as all time
  /duration\('-?[23]20*s'\)|duration\('-?200000000000s'\)/,
];

function compiled(expr: string): { readonly type: CelType; readonly value: CelValue } | undefined {
  try {
    const { type, evaluate } = compile<object>(expr, { resolve: () => 'no names' });
    return { type, value: evaluate({}) };
  } catch (error) {
    if (error instanceof WeirError) return undefined;
    throw error;
  }
}

const scalarKinds = new Set(['boolValue', 'int64Value', 'doubleValue', 'stringValue']);

it('agrees with CEL in every conformance case that it compiles', () => {
  let agreed = 0;
  const different: string[] = [];
  for (const { name, expr, expected, isError } of casesOf(tests, '')) {
    if (name.startsWith('/type_deductions') || deviations.some((deviation) => deviation.test(expr))) continue;
    const [kind, wanted] = Object.entries(expected)[0] ?? ['boolValue', true];
    if (!isError && !scalarKinds.has(kind)) continue;
    const got = compiled(expr);
    if (got === undefined) continue;
    const same = isError ? got.value === undefined : got.value !== undefined && (String(got.value) === String(wanted) || (typeof got.value === 'number' && got.value === Number(wanted)));
    if (same) agreed++;
    else different.push(`${name} ${expr}: ${String(got.value)} where CEL gives ${isError ? 'an error' : String(wanted)}`);
  }
  expect(different).toEqual([]);
  expect(agreed).toBeGreaterThan(600);
});
