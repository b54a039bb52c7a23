import type { CelType, CelValue, Expression } from '@weir/expressions';

/** The third value of Kleene's logic beside false and true. */
export type Truth = 0 | 1 | 2;
export const isFalse = 0, isTrue = 1, isUnknown = 2;

/**
 * A condition over one path against literals: for a value that is there it is true or false and changes only at `literals`; for a missing one it may
 * be any of the three.
 */
export interface Predicate<Frame> {
  readonly path: Expression<Frame> & { readonly node: 'path' };
  /** The path's name, the same for every predicate on it. */
  readonly key: string;
  readonly literals: readonly (number | string | boolean)[];
  readonly test: (value: CelValue) => Truth;
}

/** The node as a predicate on one path; undefined when it is none. Sound, not complete: what is not recognised is evaluated as it stands. */
export function predicateOf<Frame>(node: Expression<Frame>): Predicate<Frame> | undefined {
  switch (node.node) {
    case 'path': return node.type.kind === 'bool' ? onPath(node, [true, false], (value) => (value === true ? isTrue : isFalse)) : undefined;
    case 'compare': return comparison(node);
    case 'in': return 'list' in node.right ? undefined : membership(node.left, node.right);
    case 'not': return negation(predicateOf(node.operand));
    case 'and': case 'or': return connective(node.node, node.operands.map(predicateOf));
    case 'call': return node.name === 'has' ? presence(node.operands[0], isTrue) : undefined;
    default: return undefined;
  }
}

type PathNode<Frame> = Expression<Frame> & { readonly node: 'path' };
const numeric = new Set<CelType['kind']>(['int', 'double', 'timestamp', 'duration']);
/** Types whose values are JavaScript numbers. */
export const isNumeric = (type: CelType): boolean => numeric.has(type.kind);
const indexable = new Set<CelType['kind']>([...numeric, 'string', 'bool']);

function onPath<Frame>(path: PathNode<Frame>, literals: Predicate<Frame>['literals'], present: (value: CelValue) => Truth, missing: Truth = isUnknown): Predicate<Frame> {
  return { path, key: path.path.join('.'), literals, test: (value) => (value === undefined ? missing : present(value)) };
}

function presence<Frame>(path: Expression<Frame> | undefined, whenPresent: Truth): Predicate<Frame> | undefined {
  return path?.node === 'path' && indexable.has(path.type.kind) ? onPath(path, [], () => whenPresent, whenPresent === isTrue ? isFalse : isTrue) : undefined;
}

const mirrored = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;
type Operator = keyof typeof mirrored;

function comparison<Frame>(node: Expression<Frame> & { readonly node: 'compare' }): Predicate<Frame> | undefined {
  const { left, right, op } = node;
  if (left.node !== 'path') return right.node === 'path' ? compared(right, mirrored[op], left) : undefined;
  return compared(left, op, right);
}

function compared<Frame>(path: PathNode<Frame>, op: Operator, other: Expression<Frame>): Predicate<Frame> | undefined {
  if (other.type.kind === 'null') return op === '==' || op === '!=' ? presence(path, op === '!=' ? isTrue : isFalse) : undefined;
  const literal = literalOf(other);
  if (literal === undefined || !indexable.has(path.type.kind)) return undefined;
  if (typeof literal !== 'number' && op !== '==' && op !== '!=') return undefined;
  if ((typeof literal === 'number') !== isNumeric(path.type)) return undefined;
  return onPath(path, [literal], comparer(op, literal));
}

function comparer(op: Operator, literal: number | string | boolean): (value: CelValue) => Truth {
  const truth = (value: boolean): Truth => (value ? isTrue : isFalse);
  switch (op) {
    case '==': return (value) => truth(value === literal);
    case '!=': return (value) => truth(value !== literal);
    case '<': return (value) => truth((value as number) < (literal as number));
    case '<=': return (value) => truth((value as number) <= (literal as number));
    case '>': return (value) => truth((value as number) > (literal as number));
    case '>=': return (value) => truth((value as number) >= (literal as number));
  }
}

function membership<Frame>(path: Expression<Frame>, list: Expression<Frame>): Predicate<Frame> | undefined {
  if (path.node !== 'path' || !indexable.has(path.type.kind)) return undefined;
  const literals = literalsOf(list);
  if (!literals?.every((literal) => (typeof literal === 'number') === isNumeric(path.type))) return undefined;
  const members = new Set<CelValue>(literals);
  return onPath(path, literals, (value) => (members.has(value) ? isTrue : isFalse));
}

/** The constants of `[1, 2]`, folded into one literal or not; undefined when one of them is none (a null makes a miss unknown). */
function literalsOf<Frame>(list: Expression<Frame>): Scalar[] | undefined {
  let values: readonly unknown[] = [undefined];
  if (list.node === 'list') values = list.operands.map(literalOf);
  else if (list.node === 'literal' && Array.isArray(list.value)) values = list.value;
  const scalars = values.filter(isScalar);
  return scalars.length === values.length ? scalars : undefined;
}

type Scalar = number | string | boolean;
const isScalar = (value: unknown): value is Scalar => (typeof value === 'number' && Number.isFinite(value)) || typeof value === 'string' || typeof value === 'boolean';

/** The scalar a constant is; constants are folded when compiled, so a minus sign is in it. */
export const literalOf = <Frame>(node: Expression<Frame>): Scalar | undefined => (node.node === 'literal' && isScalar(node.value) ? node.value : undefined);

const inverse: readonly Truth[] = [isTrue, isFalse, isUnknown];
export function negation<Frame>(predicate: Predicate<Frame> | undefined): Predicate<Frame> | undefined {
  return predicate && { ...predicate, test: (value) => inverse[predicate.test(value)] as Truth };
}

function connective<Frame>(kind: 'and' | 'or', operands: readonly (Predicate<Frame> | undefined)[]): Predicate<Frame> | undefined {
  const [first] = operands;
  const predicates = operands.filter((operand) => operand !== undefined);
  if (!first || predicates.length < operands.length || predicates.some(({ key }) => key !== first.key)) return undefined;
  const decisive = kind === 'and' ? isFalse : isTrue;
  return {
    path: first.path, key: first.key, literals: predicates.flatMap(({ literals }) => literals),
    test: (value) => {
      let answer: Truth = decisive === isFalse ? isTrue : isFalse;
      for (const predicate of predicates) {
        const truth = predicate.test(value);
        if (truth === decisive) return decisive;
        if (truth === isUnknown) answer = isUnknown;
      }
      return answer;
    },
  };
}
