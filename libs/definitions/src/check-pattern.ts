import { checkExpression, isCondition } from './check-expression';
import type { DefinitionSet, Pattern } from './definition-set';
import type { ReadStep } from './document-schema';
import type { Path } from './documents';
import { patternEnvironment, reservedRoots } from './environments';
import type { Report } from './report';

type Draft = Omit<DefinitionSet, 'id' | 'canonicalJson'>;

interface StepWalk { readonly set: Draft; readonly pattern: Pattern; readonly taken: string[]; readonly count: { steps: number } }

/** Steps of one pattern, those inside groups counted. */
const allStepsMax = 200;

/**
 * Names, references and conditions of a pattern's steps. What contiguities and quantifiers may stand together is the pattern compiler's
 * to say: it is one of the `checks` that a composition passes.
 */
export function checkSteps(set: Draft, pattern: Pattern, steps: readonly ReadStep[], root: Path, report: Report): void {
  const walk: StepWalk = { set, pattern, taken: [], count: { steps: 0 } };
  walkSteps(walk, steps, root, report);
  const skip = pattern.skip;
  const target = typeof skip === 'object' && skip !== null ? Object.entries(skip).find(([key]) => key === 'to_first' || key === 'to_last' || key === 'pattern') : undefined;
  if (target !== undefined && !walk.taken.some((name) => name === target[1])) report(['skip', target[0]], `one of the steps: ${walk.taken.join(', ')}`, String(target[1]));
}

function walkSteps(walk: StepWalk, steps: readonly ReadStep[], path: Path, report: Report): void {
  steps.forEach((step, index) => {
    const here = [...path, index];
    if (++walk.count.steps === allStepsMax + 1) report(here, `at most ${allStepsMax} steps`, 'more');
    if (step.group !== undefined) {
      if (step.where !== undefined) report([...here, 'where'], 'no where on a group', 'where');
      walkSteps(walk, step.group.steps, [...here, 'group', 'steps'], report);
    } else if (step.name === undefined) {
      report([...here, 'name'], 'a name for the step', 'nothing');
    } else {
      if (walk.taken.includes(step.name)) report([...here, 'name'], 'a name that is used once in the pattern', step.name);
      if (reservedRoots.has(step.name)) report([...here, 'name'], `another name than ${[...reservedRoots].join(', ')}`, step.name);
      walk.taken.push(step.name);
    }
    for (const key of ['where', 'until'] as const) checkCondition(walk, step[key], [...here, key], report);
  });
}

function checkCondition({ set, pattern, taken }: StepWalk, written: ReadStep['where'], path: Path, report: Report): void {
  if (written === undefined) return;
  if (typeof written === 'string') {
    checkExpression({ source: written, environment: patternEnvironment(set, pattern, taken), fits: isCondition, report: (expected, got) => report(path, expected, got) });
    return;
  }
  checkJsonCondition({ fields: fieldsOf(set, pattern), taken }, written, path, report);
}

const fieldsOf = (set: Draft, pattern: Pattern): Set<string> => new Set(['$ts', ...pattern.sources.flatMap((name) => set.sources.get(name)?.fields.map((field) => field.name) ?? [])]);
const operators = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'contains', 'startsWith'];
const aggregates = ['count', 'sum', 'min', 'max', 'first', 'last'];

/** The JSON form: `{field, op, value}`, `{and|or: […]}`, `{not}`, `{iter: {of, agg, field}, op, value|current}`. */
function checkJsonCondition(known: { readonly fields: ReadonlySet<string>; readonly taken: readonly string[] }, condition: unknown, path: Path, report: Report): void {
  if (typeof condition !== 'object' || condition === null) return report(path, '{ field, op, value }, { and }, { or }, { not } or { iter, op, value }', JSON.stringify(condition) ?? 'nothing');
  const members: Readonly<Record<string, unknown>> = { ...condition };
  const field = (name: unknown, at: Path): void => {
    if (typeof name !== 'string' || !known.fields.has(name)) report(at, `one of the fields: ${[...known.fields].join(', ')}`, String(name));
  };
  for (const key of ['and', 'or'] as const) {
    const parts = members[key];
    if (Array.isArray(parts)) return parts.forEach((part, index) => checkJsonCondition(known, part, [...path, key, index], report));
  }
  if (members['not'] !== undefined) return checkJsonCondition(known, members['not'], [...path, 'not'], report);
  if (!operators.some((op) => op === members['op'])) report([...path, 'op'], `one of ${operators.join(', ')}`, String(members['op']));
  const { iter } = members;
  if (typeof iter !== 'object' || iter === null) return field(members['field'], [...path, 'field']);
  const over: Readonly<Record<string, unknown>> = { ...iter };
  if (!known.taken.some((name) => name === over['of'])) report([...path, 'iter', 'of'], `one of the steps: ${known.taken.join(', ')}`, String(over['of']));
  if (!aggregates.some((agg) => agg === over['agg'])) report([...path, 'iter', 'agg'], `one of ${aggregates.join(', ')}`, String(over['agg']));
  if (over['agg'] !== 'count' || over['field'] !== undefined) field(over['field'], [...path, 'iter', 'field']);
  if (members['current'] !== undefined) field(members['current'], [...path, 'current']);
}
