import type { z } from 'zod';
import { problems, type Problem } from './problem';

/** @throws Problem 422 with field, expected and got of everything that does not fit. */
export function validate<Schema extends z.ZodType>(schema: Schema, given: unknown, prefix: string): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw validationProblem(parsed.error, given, prefix);
}

function validationProblem(error: z.ZodError, given: unknown, prefix: string): Problem {
  const errors = error.issues.slice(0, errorsMax).flatMap((issue) => fieldErrors(issue, given, prefix));
  return problems.invalid(errors.map(({ field, expected }) => `${field}: ${expected}`).join('; ') || 'the request does not fit', errors);
}

const errorsMax = 100;

function fieldErrors(issue: z.core.$ZodIssue, given: unknown, prefix: string): { field: string; expected: string; got: string }[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ field: fieldName(prefix, [...path, key]), expected: 'no such field', got: 'a value' }));
  return [{ field: fieldName(prefix, path), expected: expectation(issue), got: describe(valueAt(given, issue.path)) }];
}

const fieldName = (prefix: string, path: readonly string[]): string => [...(prefix === '' ? [] : [prefix]), ...path].join('.');

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return issue.expected;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return issue.message.replace(/^Invalid input: expected /, '').replace(/^Too (small|big): expected /, '');
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, part)?.value;
  }
  return value;
}

const gotLengthMax = 60;

/** What was there, in few words: scalars as they are, the rest by its kind. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length <= gotLengthMax ? text : `${text.slice(0, gotLengthMax)}…`;
}
