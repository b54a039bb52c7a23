import type { CelType, CelValue, Environment } from './api';
import { compile } from './compile';
import { celBool, celDouble, celInt, celString, celTimestamp } from './types';

/**
 * The compiled closures against a naive walk over the expression as it was generated: its own tree, exact integers by BigInt,
 * nothing folded, nothing specialised, every rule of the semantics in one place.
 */
type Kind = 'bool' | 'int' | 'double' | 'string' | 'timestamp';
type Naive = bigint | number | string | boolean | undefined;
type Tree =
  | { readonly is: 'field'; readonly name: string }
  | { readonly is: 'constant'; readonly value: Naive; readonly text: string }
  | { readonly is: 'binary'; readonly op: string; readonly a: Tree; readonly b: Tree }
  | { readonly is: 'not' | 'missing' | 'there' | 'hour'; readonly a: Tree }
  | { readonly is: 'if'; /** An int branch beside a double one is a double. */ readonly isDouble: boolean; readonly test: Tree; readonly a: Tree; readonly b: Tree }
  | { readonly is: 'in'; readonly a: Tree; readonly list: readonly Tree[] };

type Frame = Readonly<Record<string, CelValue>>;
const kindByField: Readonly<Record<string, Kind>> = { i: 'int', j: 'int', d: 'double', e: 'double', s: 'string', t: 'string', p: 'bool', q: 'bool', at: 'timestamp' };
const typeByKind: Readonly<Record<Kind, CelType>> = { bool: celBool, int: celInt, double: celDouble, string: celString, timestamp: celTimestamp };
const environment: Environment<Frame> = {
  resolve: ([root, name]) => { const kind = root === 'tx' && name !== undefined ? kindByField[name] : undefined; return kind === undefined ? 'a field' : { type: typeByKind[kind], read: (frame) => frame[name ?? ''] }; },
};

/** mulberry32 */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}
const pick = <T>(random: (below: number) => number, from: readonly T[]): T => { const at = from[random(from.length)]; if (at === undefined) throw new RangeError('empty'); return at; };

const ints = [0, 1, 2, 3, 7, -5, 100, 9_007_199_254_740_991, -9_007_199_254_740_991];
const doubles = [0, 1, 2.5, -0.25, 7, 1e300, 3];
const texts = ['', 'a', 'ab', 'b', '\u{1F600}', '\uFFFD'];
const times = [0, 1_711_846_770_250, -1, 951_782_400_000];

function constant(kind: Kind, random: (below: number) => number): Tree {
  switch (kind) {
    case 'bool': { const value = random(2) === 1; return { is: 'constant', value, text: String(value) }; }
    case 'int': { const value = pick(random, ints); return { is: 'constant', value: BigInt(value), text: value < 0 ? `(${value})` : `${value}` }; }
    case 'double': { const value = pick(random, doubles); return { is: 'constant', value, text: value < 0 ? `(${value})` : Number.isInteger(value) && value < 1e20 ? `${value}.0` : `${value}` }; }
    case 'string': { const value = pick(random, texts); return { is: 'constant', value, text: JSON.stringify(value) }; }
    case 'timestamp': { const value = pick(random, times); return { is: 'constant', value, text: `timestamp("${new Date(value).toISOString()}")` }; }
  }
}

function treeOf(kind: Kind, depth: number, random: (below: number) => number): Tree {
  const inner = (of: Kind): Tree => treeOf(of, depth - 1, random);
  if (depth === 0 || random(6) === 0) {
    const names = Object.keys(kindByField).filter((name) => kindByField[name] === kind);
    return random(3) > 0 ? { is: 'field', name: pick(random, names) } : constant(kind, random);
  }
  if (random(8) === 0) return { is: 'if', isDouble: kind === 'double', test: inner('bool'), a: inner(kind), b: inner(kind === 'double' && random(2) === 0 ? 'int' : kind) };
  switch (kind) {
    case 'bool': return boolTree(inner, random);
    case 'int': return random(8) === 0 ? { is: 'hour', a: inner('timestamp') } : { is: 'binary', op: pick(random, ['+', '-', '*', '/', '%']), a: inner('int'), b: inner('int') };
    case 'double': return { is: 'binary', op: pick(random, ['+', '-', '*', '/']), a: inner(random(2) === 0 ? 'int' : 'double'), b: inner('double') };
    case 'string': return { is: 'binary', op: '+', a: inner('string'), b: inner('string') };
    case 'timestamp': return constant('timestamp', random);
  }
}

function boolTree(inner: (kind: Kind) => Tree, random: (below: number) => number): Tree {
  const kind = pick(random, ['int', 'double', 'string', 'timestamp', 'bool'] as const);
  const other = kind === 'int' && random(2) === 0 ? 'double' : kind;
  switch (random(7)) {
    case 0: return { is: 'not', a: inner('bool') };
    case 1: return { is: random(2) === 0 ? 'missing' : 'there', a: inner(kind) };
    case 2: return { is: 'in', a: inner(kind), list: Array.from({ length: 1 + random(7) }, () => inner(other)) };
    case 3: return { is: 'binary', op: '&&', a: inner('bool'), b: inner('bool') };
    case 4: return { is: 'binary', op: '||', a: inner('bool'), b: inner('bool') };
    default: return { is: 'binary', op: pick(random, ['==', '!=', '<', '<=', '>', '>=']), a: inner(kind), b: inner(other) };
  }
}

function textOf(tree: Tree): string {
  switch (tree.is) {
    case 'field': return `tx.${tree.name}`;
    case 'constant': return tree.text;
    case 'binary': return `(${textOf(tree.a)} ${tree.op} ${textOf(tree.b)})`;
    case 'not': return `!${textOf(tree.a)}`;
    case 'missing': return `(${textOf(tree.a)} == null)`;
    case 'there': return `(null != ${textOf(tree.a)})`;
    case 'hour': return `${textOf(tree.a)}.getHours()`;
    case 'if': return `(${textOf(tree.test)} ? ${textOf(tree.a)} : ${textOf(tree.b)})`;
    case 'in': return `(${textOf(tree.a)} in [${tree.list.map(textOf).join(', ')}])`;
  }
}

function walk(tree: Tree, frame: Frame): Naive {
  switch (tree.is) {
    case 'field': { const value = frame[tree.name]; return typeof value === 'number' && kindByField[tree.name] === 'int' ? BigInt(value) : typeof value === 'object' ? undefined : value; }
    case 'constant': return tree.value;
    case 'not': { const a = walk(tree.a, frame); return typeof a === 'boolean' ? !a : undefined; }
    case 'missing': return walk(tree.a, frame) === undefined;
    case 'there': return walk(tree.a, frame) !== undefined;
    case 'hour': { const a = walk(tree.a, frame); return typeof a === 'number' ? BigInt(new Date(a).getUTCHours()) : undefined; }
    case 'if': { const test = walk(tree.test, frame); const value = test === undefined ? undefined : walk(test === true ? tree.a : tree.b, frame); return tree.isDouble && value !== undefined ? Number(value) : value; }
    case 'in': return tree.list.map((element) => compared('==', walk(tree.a, frame), walk(element, frame))).reduce<Naive>((all, one) => logic('||', all, one), false);
    case 'binary': return binary(tree.op, walk(tree.a, frame), walk(tree.b, frame));
  }
}

function binary(op: string, a: Naive, b: Naive): Naive {
  if (op === '&&' || op === '||') return logic(op, a, b);
  if (a === undefined || b === undefined) return undefined;
  if (['==', '!=', '<', '<=', '>', '>='].includes(op)) return compared(op, a, b);
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  return typeof a === 'bigint' && typeof b === 'bigint' ? exact(op, a, b) : fraction(op, Number(a), Number(b));
}

function logic(op: string, a: Naive, b: Naive): Naive {
  const decisive = op === '||';
  if (a === decisive || b === decisive) return decisive;
  return a === undefined || b === undefined ? undefined : !decisive;
}

function compared(op: string, a: Naive, b: Naive): Naive {
  if (a === undefined || b === undefined) return undefined;
  const [x, y] = typeof a === 'string' && typeof b === 'string' ? [byCodePoint(a, b), 0] : [Number(a), Number(b)];
  return op === '==' ? x === y : op === '!=' ? x !== y : op === '<' ? x < y : op === '<=' ? x <= y : op === '>' ? x > y : x >= y;
}
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function exact(op: string, a: bigint, b: bigint): Naive {
  if ((op === '/' || op === '%') && b === 0n) return undefined;
  const value = op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : op === '/' ? a / b : a % b;
  return value >= -9_007_199_254_740_991n && value <= 9_007_199_254_740_991n ? value : undefined;
}

function fraction(op: string, a: number, b: number): Naive {
  const value = op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : a / b;
  return (op === '/' && b === 0) || !Number.isFinite(value) ? undefined : value;
}

function frameOf(random: (below: number) => number): Frame {
  const valueOf = (kind: Kind): CelValue => pick<CelValue>(random, kind === 'int' ? ints : kind === 'double' ? doubles : kind === 'string' ? texts : kind === 'timestamp' ? times : [true, false]);
  return Object.fromEntries(Object.entries(kindByField).map(([name, kind]) => [name, random(4) === 0 ? undefined : valueOf(kind)]));
}

const plain = (value: Naive): CelValue => (typeof value === 'bigint' ? Number(value) : value);

it.each([11, 12, 13, 14])('seed %d: compiled closures give what a naive walk gives', (seed) => {
  const random = randomOf(seed);
  const different: string[] = [];
  for (let round = 0; round < 250; round++) {
    const kind = pick(random, ['bool', 'bool', 'bool', 'int', 'double', 'string'] as const);
    const tree = treeOf(kind, 4, random);
    const source = textOf(tree);
    const compiled = compile(source, environment);
    const again = compile(compiled.tree.text, environment);
    for (let times = 0; times < 8; times++) {
      const frame = frameOf(random);
      const expected = plain(walk(tree, frame));
      const got = compiled.evaluate(frame);
      const agreed = same(got, expected) && Object.is(again.evaluate(frame), got);
      if (!agreed) different.push(`round ${round}: ${source} of ${JSON.stringify(frame)} is ${String(got)}, not ${String(expected)}`);
    }
  }
  expect(different).toEqual([]);
});

/** Equal; 0 and −0 are one value. */
const same = (a: CelValue, b: CelValue): boolean => a === b;
