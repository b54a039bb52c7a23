import { WeirError } from '@weir/contracts';
import { compile, typeText } from '@weir/expressions';
import type { CelType, Compiled } from '@weir/expressions';
import type { ConditionFrame } from './condition-frame';
import type { ConditionEnvironment } from './environments';

export interface ExpressionCheck {
  readonly source: string;
  readonly environment: ConditionEnvironment;
  /** What the value must be; says what was expected where it is not. */
  readonly fits: (type: CelType) => string | undefined;
  readonly report: (expected: string, got: string) => void;
}

/** Compiles an expression of a definition, or reports why it can't be, with the position in the expression. */
export function checkExpression({ source, environment, fits, report }: ExpressionCheck): Compiled<ConditionFrame> | undefined {
  let compiled: Compiled<ConditionFrame>;
  try {
    compiled = compile(source, environment);
  } catch (problem) {
    if (!(problem instanceof WeirError)) throw problem;
    const [finding] = problem.findings;
    report(finding?.expected ?? 'a CEL expression', finding === undefined ? problem.message : `${finding.got} (${finding.field}, ${finding.where}) in ${quoted(source)}`);
    return undefined;
  }
  const expected = fits(compiled.type);
  if (expected === undefined) return compiled;
  report(expected, `${typeText(compiled.type)} in ${quoted(source)}`);
  return undefined;
}

/** A condition is boolean, and known to be so before it runs. */
export const isCondition = (type: CelType): string | undefined => (type.kind === 'bool' ? undefined : 'a condition (bool)');

const quoted = (source: string): string => (source.length > 120 ? `"${source.slice(0, 117)}..."` : `"${source}"`);
