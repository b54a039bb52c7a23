import type { ConditionFrame, DefinitionSet, Source } from '@weir/definitions';
import type { CelValue, Expression } from '@weir/expressions';
import { usualOf } from './usual';
import { labelOf, plain, type Label } from './labels';

type Node = Expression<ConditionFrame>;
/** What made a condition come out as it did: writes plain words for the comparisons that carry the answer. */
export interface Facts { readonly write: (frame: ConditionFrame, out: string[]) => void }

/** More facts than these say less. */
const factsMax = 4;

/** The words for a condition that is true, e.g. `tx_count_1h is 7, above 5`. Compiled once per rule; run only when it fired. */
export function factsText(facts: Facts, frame: ConditionFrame): string {
  const out: string[] = [];
  facts.write(frame, out);
  return out.slice(0, factsMax).join('; ');
}

export interface FactsScope { readonly set: DefinitionSet; readonly source: Source }

export function compileFacts(node: Node, scope: FactsScope, wanted = true): Facts {
  switch (node.node) {
    case 'and': case 'or': return connective(node, scope, wanted);
    case 'not': return compileFacts(node.operand, scope, !wanted);
    case 'conditional': return conditional(node, scope, wanted);
    case 'literal': return { write: () => undefined };
    default: return { write: leafWriter(node, scope, wanted) };
  }
}

function connective(node: Node & { readonly node: 'and' | 'or' }, scope: FactsScope, wanted: boolean): Facts {
  const parts = node.operands.map((operand) => ({ operand, facts: compileFacts(operand, scope, wanted) }));
  const all = (node.node === 'and') === wanted;
  return {
    write: (frame, out) => {
      for (const { operand, facts } of parts) if (all || operand.evaluate(frame) === wanted) facts.write(frame, out);
    },
  };
}

function conditional(node: Node & { readonly node: 'conditional' }, scope: FactsScope, wanted: boolean): Facts {
  const [test, yes, no] = node.operands;
  if (!test || !yes || !no) return { write: () => undefined };
  const whenTrue = compileFacts(test, scope), whenFalse = compileFacts(test, scope, false), yesFacts = compileFacts(yes, scope, wanted), noFacts = compileFacts(no, scope, wanted);
  return {
    write: (frame, out) => {
      const holds = test.evaluate(frame) === true;
      (holds ? whenTrue : whenFalse).write(frame, out);
      (holds ? yesFacts : noFacts).write(frame, out);
    },
  };
}

type Write = Facts['write'];
function leafWriter(node: Node, scope: FactsScope, wanted: boolean): Write {
  switch (node.node) {
    case 'path': return boolPath(node.path, scope, wanted);
    case 'compare': return comparison(node, scope, wanted);
    case 'in': return membership(node, scope, wanted);
    default: return (_, out) => { out.push(wanted ? node.text : `not ${node.text}`); };
  }
}

function boolPath(path: readonly string[], scope: FactsScope, wanted: boolean): Write {
  const text = path[0] === 'matches' ? `pattern ${path[1] ?? ''} ${wanted ? 'matched' : 'did not match'}` : `${labelOf(path, scope.set, scope.source).name} is ${wanted}`;
  return (_, out) => { out.push(text); };
}

export type Comparator = '==' | '!=' | '<' | '<=' | '>' | '>=';
const opposite: Readonly<Record<Comparator, Comparator>> = { '==': '!=', '!=': '==', '<': '>=', '>=': '<', '>': '<=', '<=': '>' };
const mirror: Readonly<Record<Comparator, Comparator>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
const words: Readonly<Record<Comparator, string>> = { '==': 'equal to', '!=': 'not', '<': 'below', '<=': 'at most', '>': 'above', '>=': 'at least' };

function comparison(node: Node & { readonly node: 'compare' }, scope: FactsScope, wanted: boolean): Write {
  const swapped = node.left.node === 'literal' && node.right.node !== 'literal';
  const [left, right] = swapped ? [node.right, node.left] : [node.left, node.right];
  const written = swapped ? mirror[node.op] : node.op;
  const op = wanted ? written : opposite[written];
  const label = operandLabel(left, scope);
  if (right.type.kind === 'null') return (frame, out) => { out.push(op === '==' ? `${label.name} is missing` : `${label.name} is ${label.format(left.evaluate(frame))}`); };
  const usual = usualText(left, label, scope);
  if (right.node === 'literal') {
    const limit = op === '==' ? '' : `, ${words[op]} ${label.format(right.value)}`;
    return (frame, out) => { out.push(`${label.name} is ${label.format(left.evaluate(frame))}${limit}${usual(frame)}`); };
  }
  const other = operandLabel(right, scope);
  return (frame, out) => { out.push(`${label.name} is ${label.format(left.evaluate(frame))}, ${words[op]} ${other.name} (${other.format(right.evaluate(frame))})${usual(frame)}`); };
}

/** `, usual 1.2` where the set tells what is. */
function usualText(node: Node, label: Label, { set, source }: FactsScope): (frame: ConditionFrame) => string {
  const usual = node.node === 'path' ? usualOf(node.path, set, source) : undefined;
  if (usual === undefined) return () => '';
  return (frame) => { const value = usual(frame); return value === undefined ? '' : `, usual ${label.format(value)}`; };
}

function membership(node: Node & { readonly node: 'in' }, scope: FactsScope, wanted: boolean): Write {
  const { left, right } = node;
  const label = operandLabel(left, scope);
  if ('list' in right) return (frame, out) => { out.push(`${label.name} ${label.format(left.evaluate(frame))} is ${wanted ? '' : 'not '}on list ${right.list}`); };
  return (frame, out) => { out.push(`${label.name} is ${label.format(left.evaluate(frame))}, ${wanted ? '' : 'not '}one of ${right.text}`); };
}

/** A path by its label; any other operand by its text, formatted like the money or times in it where it is a sum or a product with one. */
function operandLabel(node: Node, scope: FactsScope): Label {
  return node.node === 'path' ? labelOf(node.path, scope.set, scope.source) : { name: node.text, format: (value: CelValue) => plain(value) };
}
