import type { Expression } from '@weir/expressions';
import { negation, predicateOf, type Predicate } from './predicate';

/**
 * One way for a condition to be true: all predicates are, and, where it is not `whole`, something more that only evaluating tells. In Kleene's logic a
 * condition is true when one of its clauses is, false when all are, unknown otherwise (and/or distribute, not moves inwards).
 */
export interface Clause<Frame> { readonly predicates: readonly Predicate<Frame>[]; readonly whole: boolean }

/** A condition with more clauses is indexed less finely: the part that multiplies is left to evaluation. */
const clausesMax = 8;
const never = <Frame>(): readonly Clause<Frame>[] => [];
const always = <Frame>(): readonly Clause<Frame>[] => [{ predicates: [], whole: true }];
const opaque = <Frame>(): readonly Clause<Frame>[] => [{ predicates: [], whole: false }];

export function clausesOf<Frame>(node: Expression<Frame>, negated = false): readonly Clause<Frame>[] {
  if (node.node === 'literal' && typeof node.value === 'boolean') return node.value !== negated ? always() : never();
  const predicate = predicateOf(node);
  const signed = negated ? negation(predicate) : predicate;
  if (signed) return [{ predicates: [signed], whole: true }];
  if (node.node === 'not') return clausesOf(node.operand, !negated);
  if (node.node !== 'and' && node.node !== 'or') return opaque();
  const parts = node.operands.map((operand) => clausesOf(operand, negated));
  return (node.node === 'and') !== negated ? product(parts) : sum(parts);
}

function sum<Frame>(parts: readonly (readonly Clause<Frame>[])[]): readonly Clause<Frame>[] {
  const all = parts.flat();
  return all.length > clausesMax ? opaque() : all;
}

function product<Frame>(parts: readonly (readonly Clause<Frame>[])[]): readonly Clause<Frame>[] {
  let clauses: readonly Clause<Frame>[] = always();
  for (const part of [...parts].sort((a, b) => a.length - b.length)) {
    const factor: readonly Clause<Frame>[] = clauses.length * part.length > clausesMax ? opaque() : part;
    clauses = clauses.flatMap((a) => factor.map((b) => ({ predicates: [...a.predicates, ...b.predicates], whole: a.whole && b.whole })));
  }
  return clauses;
}
