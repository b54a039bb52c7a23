import type { Expression } from '@weir/expressions';
import type { Selector } from './condition';

/** What a condition needs of one field of the event to hold: read off its typed tree for the index over all patterns; undefined when nothing is known. */
export function selectorOf<Frame>(tree: Expression<Frame>): Selector | undefined {
  switch (tree.node) {
    case 'and': return tree.operands.map(selectorOf).find((selector) => selector !== undefined);
    case 'compare': return comparison(tree);
    case 'in': {
      const field = eventField(tree.left);
      if (field === undefined || !('node' in tree.right) || tree.right.node !== 'list') return undefined;
      const values = tree.right.operands.map(literal);
      return values.every((value) => value !== undefined) ? { kind: 'values', field, values } : undefined;
    }
    default: return undefined;
  }
}

type Compare<Frame> = Extract<Expression<Frame>, { node: 'compare' }>;
const mirrored = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' } as const;

function comparison<Frame>({ op, left, right }: Compare<Frame>): Selector | undefined {
  const field = eventField(left);
  if (field !== undefined) return select(field, op, literal(right));
  const other = eventField(right);
  return other === undefined ? undefined : select(other, mirrored[op], literal(left));
}

function select(field: string, op: Compare<unknown>['op'], value: string | number | undefined): Selector | undefined {
  if (value === undefined) return undefined;
  if (op === '==') return { kind: 'values', field, values: [value] };
  if (typeof value !== 'number' || op === '!=') return undefined;
  const range = { kind: 'range', field, from: -Infinity, to: Infinity, fromOpen: false, toOpen: false } as const;
  return op === '<' || op === '<=' ? { ...range, to: value, toOpen: op === '<' } : { ...range, from: value, fromOpen: op === '>' };
}

const eventField = <Frame>(tree: Expression<Frame>): string | undefined => (tree.node === 'path' && tree.path.length === 2 && tree.path[0] === 'tx' ? tree.path[1] : undefined);

function literal<Frame>(tree: Expression<Frame>): string | number | undefined {
  return tree.node === 'literal' && (typeof tree.value === 'string' || typeof tree.value === 'number') ? tree.value : undefined;
}
