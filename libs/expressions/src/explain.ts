import type { CelType, CelValue, Expression } from './api';
import { timestampText } from './time-text';

export type Truth = 'true' | 'false' | 'unknown';

/** One side of a comparison as it was. */
export interface Side {
  /** As CEL. */
  readonly text: string;
  /** null where it was missing or unknown; a timestamp or a duration in ms. */
  readonly value: Exclude<CelValue, undefined> | null;
  readonly type: CelType['kind'];
  readonly isConstant: boolean;
}

/** What one part of a condition was, for one frame. Leaves are comparisons, memberships and plain truth values. */
export interface Explanation {
  readonly node: 'and' | 'or' | 'not' | 'conditional' | 'compare' | 'in' | 'value';
  readonly text: string;
  /** Position in the source, from 0. */
  readonly at: number;
  readonly truth: Truth;
  /** What this part should be for the whole to be true: false beneath an odd number of `!`. */
  readonly wanted: boolean;
  readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | null;
  /** Left and right of a comparison or a membership (`lists.NAME` has no value); what a function was called with; else empty. */
  readonly sides: readonly Side[];
  /** |left − right| of a numeric comparison that was not as wanted: how far it was from the threshold (ms for times); else null. */
  readonly distance: number | null;
  /** Paths of a leaf that were missing, in the order written. */
  readonly missing: readonly string[];
  /** Of a conditional: its test, and the branch taken where the test is known. */
  readonly parts: readonly Explanation[];
}

/** What each comparison of a condition saw and how far the failed ones were from their thresholds. Evaluates every part; not for the hot path. */
export const explain = <Frame>(tree: Expression<Frame>, frame: Frame): Explanation => explainPart(tree, { frame, wanted: true });

interface Question<Frame> { readonly frame: Frame; readonly wanted: boolean }

function explainPart<Frame>(tree: Expression<Frame>, question: Question<Frame>): Explanation {
  const truth = truthOf(tree.evaluate(question.frame));
  const base = { text: tree.text, at: tree.at, truth, wanted: question.wanted, op: null, sides: [], distance: null, missing: [], parts: [] };
  switch (tree.node) {
    case 'and': case 'or': return { ...base, node: tree.node, parts: tree.operands.map((operand) => explainPart(operand, question)) };
    case 'not': return { ...base, node: 'not', parts: [explainPart(tree.operand, { ...question, wanted: !question.wanted })] };
    case 'conditional': return { ...base, node: 'conditional', parts: conditionalParts(tree.operands, question) };
    case 'compare': {
      const [left, right] = [sideOf(tree.left, question.frame), sideOf(tree.right, question.frame)];
      const failed = truth !== 'unknown' && (truth === 'true') !== question.wanted;
      return { ...base, node: 'compare', op: tree.op, sides: [left, right], distance: failed ? distanceOf(left, right) : null, missing: missingOf(tree, question.frame) };
    }
    case 'in': {
      const right: Side = 'list' in tree.right ? { text: `lists.${tree.right.list}`, value: null, type: 'list', isConstant: false } : sideOf(tree.right, question.frame);
      return { ...base, node: 'in', op: 'in', sides: [sideOf(tree.left, question.frame), right], missing: missingOf(tree, question.frame) };
    }
    case 'call': return { ...base, node: 'value', sides: tree.operands.filter((operand) => operand.type.kind !== 'bool').map((operand) => sideOf(operand, question.frame)), missing: missingOf(tree, question.frame) };
    default: return { ...base, node: 'value', missing: missingOf(tree, question.frame) };
  }
}

function conditionalParts<Frame>(operands: readonly Expression<Frame>[], question: Question<Frame>): readonly Explanation[] {
  const [test, yes, no] = operands;
  if (test === undefined) return [];
  const value = test.evaluate(question.frame);
  const taken = value === true ? yes : value === false ? no : undefined;
  const tested = explainPart(test, { ...question, wanted: value !== false });
  return taken === undefined ? [tested] : [tested, explainPart(taken, question)];
}

export const truthOf = (value: CelValue): Truth => (value === true ? 'true' : value === false ? 'false' : 'unknown');

function sideOf<Frame>(expression: Expression<Frame>, frame: Frame): Side {
  return { text: expression.text, value: expression.evaluate(frame) ?? null, type: expression.type.kind, isConstant: expression.node === 'literal' };
}

function distanceOf(left: Side, right: Side): number | null {
  if (typeof left.value !== 'number' || typeof right.value !== 'number') return null;
  const distance = Math.abs(left.value - right.value);
  return Number.isFinite(distance) ? distance : null;
}

function missingOf<Frame>(tree: Expression<Frame>, frame: Frame): readonly string[] {
  if (tree.node === 'path') return tree.evaluate(frame) === undefined ? [tree.text] : [];
  return [...new Set(operandsOf(tree).flatMap((operand) => missingOf(operand, frame)))];
}

/** The nodes right below; of a macro only its list, its test means nothing without an element. */
function operandsOf<Frame>(tree: Expression<Frame>): readonly Expression<Frame>[] {
  switch (tree.node) {
    case 'literal': case 'path': return [];
    case 'not': return [tree.operand];
    case 'compare': return [tree.left, tree.right];
    case 'in': return 'list' in tree.right ? [tree.left] : [tree.left, tree.right];
    case 'call': return ['exists', 'all', 'exists_one'].includes(tree.name) ? tree.operands.slice(0, 1) : tree.operands;
    default: return tree.operands;
  }
}

/** The leaves that made the whole what it is: of a false && the false ones, of a true || the true ones, of an unknown the unknown ones. */
export function decisiveLeaves(explanation: Explanation): readonly Explanation[] {
  const { node, parts, truth } = explanation;
  if (parts.length === 0) return [explanation];
  const relevant = node === 'and' || node === 'or' ? parts.filter((part) => part.truth === truth) : parts;
  return relevant.flatMap(decisiveLeaves);
}

/** A leaf in plain words: `tx.amount is 1200, not > 1000000 (998800 away)`, `tx.country is missing`. */
export function leafText(leaf: Explanation): string {
  const [left, right] = leaf.sides;
  if (leaf.op === null || left === undefined || right === undefined) return leaf.truth === 'unknown' ? unknownText(leaf) : `${leaf.text} is ${leaf.truth}`;
  if (right.type === 'null' || left.type === 'null') return `${(right.type === 'null' ? left : right).text} is ${((leaf.op === '==') === (leaf.truth === 'true')) ? 'missing' : 'there'}`;
  if (leaf.truth === 'unknown') return unknownText(leaf);
  const threshold = right.value === null || right.isConstant ? sideText(right) : `${right.text} (${sideText(right)})`;
  const away = leaf.distance === null || leaf.distance === 0 || leaf.op === '!=' ? '' : ` (${distanceText(leaf.distance, left, right)} away)`;
  return `${left.isConstant ? '' : `${left.text} is `}${sideText(left)}, ${leaf.truth === 'true' ? '' : 'not '}${leaf.op} ${threshold}${away}`;
}

const unknownText = (leaf: Explanation): string => (leaf.missing.length > 0 ? `${leaf.missing.join(', ')} ${leaf.missing.length === 1 ? 'is' : 'are'} missing` : `${leaf.text} is unknown`);

function sideText({ value, text, type }: Side): string {
  if (value === null || type === 'list' || type === 'map') return text;
  if (typeof value === 'number' && type === 'timestamp') return timestampText(value);
  if (typeof value === 'number' && type === 'duration') return `${value / 1000}s`;
  return typeof value === 'object' ? text : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Doubles carry rounding noise; twelve digits are more than anyone reads. */
function distanceText(distance: number, left: Side, right: Side): string {
  const isTime = [left.type, right.type].some((type) => type === 'timestamp' || type === 'duration');
  return isTime ? `${distance / 1000}s` : String(Number(distance.toPrecision(12)));
}
