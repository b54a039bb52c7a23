/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { answerFeatures, decisionAnswerer } from '../src/offline/answer-cases';
import { parseKeepingNumbers } from '../src/offline/json-numbers';

type Json = Readonly<Record<string, unknown>>;
interface Asked { readonly name: string; readonly line: string; readonly expected: Json; readonly meta: Json }

/** A fraction in an expected answer (`12.0`, `0.25`): right within a tolerance, where an integer must be exact. */
class Fraction { constructor(readonly value: number) {} }

function parseExpected(line: string): Json {
  const mark = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    (typeof value === 'number' && context?.source !== undefined && /[.eE]/.test(context.source) ? new Fraction(value) : value);
  return JSON.parse(line, mark as (key: string, value: unknown) => unknown) as Json; // the third argument is not in the language's type library yet
}

function casesOf(file: string): Asked[] {
  return readFileSync(join(__dirname, 'conformance', file), 'utf8').trim().split('\n').map((line) => {
    const given = parseExpected(line);
    return { name: String(given['name']), line, expected: objectOf(given['expected']), meta: objectOf(given['meta']) };
  });
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Fraction);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const rowsOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(objectOf) : []);
const plain = (value: unknown): unknown => (value instanceof Fraction ? value.value : Array.isArray(value) ? value.map(plain) : isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)])) : value);

/** As the cases' format compares: integers exactly, fractions within the tolerance, relative or absolute; null equals null alone. */
function same(want: unknown, got: unknown, tolerance: number): boolean {
  if (want instanceof Fraction) return typeof got === 'number' && Math.abs(got - want.value) <= Math.max(tolerance, tolerance * Math.abs(want.value));
  if (typeof want === 'number') return got === want; // −0 is 0 to ===
  if (Array.isArray(want)) return Array.isArray(got) && got.length === want.length && want.every((each, index) => same(each, got[index], tolerance));
  if (isObject(want)) return isObject(got) && Object.keys(want).length === Object.keys(got).length && Object.entries(want).every(([name, each]) => Object.hasOwn(got, name) && same(each, got[name], tolerance));
  return want === got;
}

function ingestDifferences(want: Json, got: Json): string[] {
  const wanted = rowsOf(want['quarantined']), given = [...rowsOf(got['quarantined'])].sort((a, b) => Number(a['index']) - Number(b['index']));
  const places = (rows: readonly Json[]): string => JSON.stringify(rows.map(({ index, reason }) => [index, reason]));
  if (places(wanted) !== places(given)) return [`quarantined ${places(given)}, expected ${places(wanted)}`];
  const fields = wanted.flatMap((each, at) => (each['field'] && given[at]?.['field'] && each['field'] !== given[at]['field'] ? [`quarantined for ${String(given[at]['field'])}, expected ${String(each['field'])}`] : []));
  const sorted = (value: unknown): string => JSON.stringify(Array.isArray(value) ? [...value].sort((a, b) => Number(a) - Number(b)) : []);
  return [...fields, ...('duplicates' in want && sorted(want['duplicates']) !== sorted(got['duplicates']) ? [`duplicates ${sorted(got['duplicates'])}, expected ${sorted(want['duplicates'])}`] : [])];
}

function featureDifferences({ expected, meta }: Asked, got: Json): string[] {
  if (got['error'] !== null) return [`error: ${String(got['error'])}`];
  const part = meta['mode'] === 'decide' ? 'decisions' : 'rows';
  const tolerance = meta['tol'] instanceof Fraction ? meta['tol'].value : 1e-9;
  const wanted = rowsOf(expected[part]), given = rowsOf(got[part]);
  if (wanted.length !== given.length) return [`${given.length} ${part}, expected ${wanted.length}`];
  return [...wanted.flatMap((want, at) => rowDifferences(want, given[at] ?? {}, tolerance).map((text) => `${part} ${at}: ${text}`)), ...ingestDifferences(expected, got)];
}

function rowDifferences(want: Json, got: Json, tolerance: number): string[] {
  if (want['transaction_id'] !== undefined && got['transaction_id'] !== want['transaction_id']) return [`transaction ${String(got['transaction_id'])}`];
  const [values, states, wantedStates] = [objectOf(got['features']), objectOf(got['statuses']), objectOf(want['statuses'])];
  return Object.entries(objectOf(want['features'])).flatMap(([name, value]) => [
    ...(Object.hasOwn(values, name) && same(value, values[name], tolerance) ? [] : [`${name} = ${JSON.stringify(values[name])}, expected ${JSON.stringify(plain(value))}`]),
    ...((states[name] ?? 'PRESENT') === (wantedStates[name] ?? 'PRESENT') ? [] : [`${name} is ${String(states[name])}, expected ${String(wantedStates[name] ?? 'PRESENT')}`]),
  ]);
}

const scoreTolerance = 1e-6;

function decisionDifferences({ expected }: Asked, got: Json): string[] {
  if (typeof expected['error'] === 'string') return String(got['error'] ?? '').includes(expected['error']) ? [] : [`error ${String(got['error'])}, expected one that names ${expected['error']}`];
  if (got['error'] !== null) return [`error: ${String(got['error'])}`];
  const wanted = rowsOf(expected['decisions']), given = rowsOf(got['decisions']);
  if (wanted.length !== given.length) return [`${given.length} decisions, expected ${wanted.length}`];
  const unordered = (value: unknown): unknown => (Array.isArray(value) ? value.map((each) => JSON.stringify(plain(each), isObject(each) ? Object.keys(each).sort() : undefined)).sort() : value);
  const isRight = (name: string, want: unknown, value: unknown): boolean => {
    if (name === 'score') return typeof value === 'number' && Math.abs(value - Number(plain(want))) <= scoreTolerance;
    return Array.isArray(want) && name !== 'overruled' ? JSON.stringify(unordered(want)) === JSON.stringify(unordered(value)) : same(want, value, 1e-9);
  };
  const differing = wanted.flatMap((want, at) => Object.entries(want).flatMap(([name, value]) => (isRight(name, value, given[at]?.[name]) ? [] : [`decision ${at}: ${name} = ${JSON.stringify(given[at]?.[name])}, expected ${JSON.stringify(plain(value))}`])));
  return [...differing, ...ingestDifferences(expected, got)];
}

/** Failing cases with what is wrong; all of a file in one test, for thousands of small tests cost more than they tell. */
async function failures(cases: readonly Asked[], answer: (asked: Asked) => Promise<Json>, differences: (asked: Asked, got: Json) => string[]): Promise<readonly (readonly string[])[]> {
  const failed: string[][] = [];
  for (const asked of cases) {
    const wrong = differences(asked, await answer(asked));
    if (wrong.length > 0) failed.push([asked.name, ...wrong.slice(0, 3)]);
  }
  return failed;
}

const casesFile = join(__dirname, 'conformance', 'decisions.jsonl');

describe('the conformance cases', () => {
  const decide = decisionAnswerer(casesFile, new OnnxModelRuntime());
  const read = (line: string): unknown => parseKeepingNumbers(line);

  it('of windows and point-in-time reads have the right answers', async () => {
    const cases = casesOf('windows.jsonl');
    expect(cases.length).toBeGreaterThan(100);
    expect(await failures(cases, async ({ line, meta }) => (meta['mode'] === 'decide' ? decide : answerFeatures)(read(line)), featureDifferences)).toEqual([]);
  });

  it('of decisions have the right answers', async () => {
    const cases = casesOf('decisions.jsonl');
    expect(cases.length).toBeGreaterThan(100);
    expect(await failures(cases, async ({ line }) => decide(read(line)), decisionDifferences)).toEqual([]);
  });
});
