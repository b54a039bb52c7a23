import { WeirError, type Outcome } from '@weir/contracts';
import type { ConditionFrame } from '@weir/definitions';
import type { CelValue, Expression } from '@weir/expressions';
import type { DecisionInput } from '../decide/decision-input';
import type { DecisionProgram } from '../decide/decision-program';
import { isInForce } from '../decide/rule-like';
import { literalOf } from '../index/predicate';

type Answer = 'true' | 'false' | 'unknown';

/** One comparison of a condition, and what it saw. */
export interface ComparisonReport {
  readonly text: string;
  readonly result: Answer;
  /** What the rule needs of it. */
  readonly wanted: 'true' | 'false';
  /** The left side's value; null when it is missing. */
  readonly value: unknown;
  /** The constant it is compared with, where there is one. */
  readonly limit: unknown;
  /** How far the value is from the limit, for numbers: value − limit. */
  readonly distance: number | null;
  /** Paths that are missing. */
  readonly missing: readonly string[];
}

export interface WhyNot {
  readonly rule: string;
  readonly result: Answer;
  /** `off`, `not in force`, `snoozed`, or null. */
  readonly silencedBy: string | null;
  /** The comparisons that kept it from firing: those that did not come out as wanted. */
  readonly failed: readonly ComparisonReport[];
  readonly comparisons: readonly ComparisonReport[];
  /** In plain words: `tx.amount > 1000000 is false: it is 999999, 1 below the limit`. */
  readonly text: string;
}

const answerOf = (value: CelValue): Answer => (value === true ? 'true' : value === undefined ? 'unknown' : 'false');

/** Why a rule did not fire on an event: which comparison failed, by how much, and what was missing. @throws WeirError WEIR_NOT_FOUND for a rule the set has not. */
export function whyNot(program: DecisionProgram, name: string, input: DecisionInput): WhyNot {
  const rule = [...program.liveRules, ...program.shadowRules].find((each) => each.name === name);
  if (!rule) {
    if (!program.set.rules.has(name)) throw new WeirError('WEIR_NOT_FOUND', `the set has no rule ${name}`);
    return { rule: name, result: 'false', silencedBy: 'off', failed: [], comparisons: [], text: `rule ${name} is off` };
  }
  const frame = program.frameFor(input);
  const comparisons: ComparisonReport[] = [], failed: ComparisonReport[] = [];
  collect(rule.condition.tree, { frame, wanted: true, out: comparisons, failed });
  const result = answerOf(rule.condition.evaluate(frame));
  const silencedBy = !isInForce(rule, input.event) ? 'not in force' : input.snoozes?.silences(name, input.event) ? 'snoozed' : null;
  const facts = failed.map((each) => `${each.text} is ${each.result}${detail(each)}`);
  return { rule: name, result, silencedBy, failed, comparisons, text: [...(silencedBy ? [`rule ${name} is ${silencedBy}`] : []), ...facts].join('; ') || `rule ${name} is true` };
}

function detail({ missing, value, distance }: ComparisonReport): string {
  if (missing.length > 0) return `: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
  if (typeof value === 'boolean') return ''; // said by the answer itself
  return `: it is ${typeof value === 'object' ? JSON.stringify(value) : String(value)}${distance === null ? '' : `, ${distance === 0 ? 'the limit itself' : `${Math.abs(distance)} ${distance < 0 ? 'below' : 'above'} the limit`}`}`;
}

interface Collecting { readonly frame: ConditionFrame; readonly wanted: boolean; readonly out: ComparisonReport[]; /** undefined below what came out as wanted, whichever of its parts did not: one of an `||` is enough. */ readonly failed: ComparisonReport[] | undefined }
type Node = Expression<ConditionFrame>;

function collect(node: Node, collecting: Collecting): void {
  if (node.node === 'literal') return;
  const asWanted = answerOf(node.evaluate(collecting.frame)) === (collecting.wanted ? 'true' : 'false');
  const below = asWanted ? { ...collecting, failed: undefined } : collecting;
  if (node.node === 'and' || node.node === 'or') for (const operand of node.operands) collect(operand, below);
  else if (node.node === 'not') collect(node.operand, { ...below, wanted: !collecting.wanted });
  else {
    const comparison = report(node, collecting);
    collecting.out.push(comparison);
    below.failed?.push(comparison);
  }
}

function report(node: Node, { frame, wanted }: Collecting): ComparisonReport {
  const left = node.node === 'compare' || node.node === 'in' ? node.left : node;
  const right = node.node === 'compare' ? node.right : undefined;
  const value = left.evaluate(frame), limit = right && literalOf(right);
  return {
    text: node.text, result: answerOf(node.evaluate(frame)), wanted: wanted ? 'true' : 'false', value: value ?? null, limit: limit ?? null,
    distance: typeof value === 'number' && typeof limit === 'number' ? value - limit : null, missing: missingPaths(node, frame),
  };
}

function missingPaths(node: Node, frame: ConditionFrame): string[] {
  if (node.node === 'path') return node.evaluate(frame) === undefined ? [node.path.join('.')] : [];
  const children: readonly Node[] =
    node.node === 'compare' ? [node.left, node.right]
      : node.node === 'in' ? ('list' in node.right ? [node.left] : [node.left, node.right])
        : 'operands' in node ? node.operands : [];
  return [...new Set(children.flatMap((child) => missingPaths(child, frame)))];
}

/** How far a score is from the next band up and down; null where there is none. */
export function bandDistance(score: number, bands: { readonly review: number; readonly block: number }): { readonly band: Outcome; readonly up: number | null; readonly down: number | null } {
  if (score < bands.review) return { band: 'approve', up: bands.review - score, down: null };
  if (score > bands.block) return { band: 'block', up: null, down: score - bands.block };
  return { band: 'review', up: bands.block - score, down: score - bands.review };
}
