import { z } from 'zod';
import { problems, type Problem } from './problem';

/** @throws Problem 422 with field, expected and got of everything that does not fit. */
export function validate<Schema extends z.ZodType>(schema: Schema, given: unknown, prefix: string): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw validationProblem(parsed.error, { schema, given, prefix });
}

interface Validated { readonly schema: z.ZodType; readonly given: unknown; readonly prefix: string }
interface FieldError { readonly field: string; readonly expected: string; readonly got: string }

function validationProblem(error: z.ZodError, validated: Validated): Problem {
  const errors = error.issues.slice(0, errorsMax).flatMap((issue) => fieldErrors(issue, validated));
  return problems.invalid(errors.map(({ field, expected }) => `${field === '' ? '' : `${field}: `}${expected}`).join('; ') || 'the request does not fit', errors);
}

const errorsMax = 100;

function fieldErrors(issue: z.core.$ZodIssue, validated: Validated): FieldError[] {
  const { schema, given, prefix } = validated;
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ field: fieldName(prefix, [...path, key]), expected: knownFields(schema, path), got: 'an unknown field' }));
  if (issue.code === 'invalid_union') {
    // Of the ways to write it, the one that was meant complains of its parts, not of the whole.
    const meant = issue.errors.find((branch) => branch.length > 0 && branch.every((each) => each.path.length > 0 || each.code === 'unrecognized_keys'));
    if (meant !== undefined) return meant.flatMap((each) => fieldErrors({ ...each, path: [...issue.path, ...each.path] }, validated));
  }
  return [{ field: fieldName(prefix, path), expected: expectation(issue), got: describe(valueAt(given, issue.path)) }];
}

/** What the object at the top may hold; deeper ones say less. */
function knownFields(schema: z.ZodType, path: readonly string[]): string {
  const names = schema instanceof z.ZodObject && path.length === 0 ? Object.keys(schema.shape).sort() : [];
  return names.length === 0 ? 'no other field' : `no other field than ${names.join(', ')}`;
}

const fieldName = (prefix: string, path: readonly string[]): string => [...(prefix === '' ? [] : [prefix]), ...path].join('.');

const kindNames: Readonly<Record<string, string>> = { string: 'text', boolean: 'true or false', array: 'a list', object: 'an object', record: 'an object', number: 'a number', int: 'a whole number', null: 'null' };
const unitNames: Readonly<Record<string, string>> = { string: ' characters', array: ' elements' };

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': return kindNames[issue.expected] ?? issue.expected;
    case 'invalid_value': return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small': return /^Too /.test(issue.message) ? `at least ${issue.minimum}${unitNames[issue.origin] ?? ''}` : issue.message;
    case 'too_big': return /^Too /.test(issue.message) ? `at most ${issue.maximum}${unitNames[issue.origin] ?? ''}` : issue.message;
    case 'invalid_union': return 'another value';
    default: return issue.message.replace(/^Invalid input: expected /, '');
  }
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
