import type { Binding, CelType, CelValue, Expression } from './api';
import { arithmeticNode, isArithmeticOperator, negationNode } from './arithmetic';
import { compareNode, isCompareOperator } from './compare';
import { callNode } from './call';
import { conditionalNode, logicNode, notNode, requireBool } from './logic';
import { elementAt, inNamedList, inNode, indexNode, isList, elementValue, listNode, mapNode } from './membership';
import { operatorText, print } from './print';
import type { Evaluate, Local, Place, Scope } from './scope';
import { literal, refuseAt } from './scope';
import type { MacroName, Syntax } from './syntax';
import { celBool, celDouble, celDyn, celInt, celNull, celString, isDyn, typeText } from './types';

const typeByConstant = { int: celInt, double: celDouble, bool: celBool, string: celString } as const;
type CallSyntax = Extract<Syntax, { kind: 'call' }>;

/** Types a piece of syntax and makes its closure. The literal null is refused but where it may stand. */
export function build<Frame>(syntax: Syntax, scope: Scope<Frame>): Expression<Frame> {
  const built = buildOrNull(syntax, scope);
  if (built.type.kind === 'null') refuseAt(placeOf(syntax, scope), { field: built.text, expected: 'null only after == or !=, or in a branch of ?:', got: 'null' });
  return built;
}

const placeOf = <Frame>(syntax: Syntax, scope: Scope<Frame>): Place => ({ source: scope.source, at: syntax.at, text: print(syntax) });

function buildOrNull<Frame>(syntax: Syntax, scope: Scope<Frame>): Expression<Frame> {
  const place = placeOf(syntax, scope);
  switch (syntax.kind) {
    case 'null': return literal(place, celNull, undefined);
    case 'constant': return literal(place, typeByConstant[syntax.type], syntax.value);
    case 'name': case 'select': return buildPath(syntax, scope, place);
    case 'has': return hasNode(syntax.operand, scope, place);
    case 'logic': return logicNode(syntax.op, syntax.operands.map((operand) => build(operand, scope)), place);
    case 'list': return listNode(syntax.operands.map((operand) => build(operand, scope)), place);
    case 'map': return mapNode(syntax.entries.map(({ key }) => constantKey(key, scope)), syntax.entries.map(({ value }) => build(value, scope)), place);
    case 'macro': return buildMacro(syntax, scope, place);
    case 'call': return buildCall(syntax, scope, place);
  }
}

/** `has(x)` is `x != null`, also of a bare name, which CEL's own macro refuses. */
const hasNode = <Frame>(operand: Syntax, scope: Scope<Frame>, place: Place): Expression<Frame> =>
  compareNode('!=', [build(operand, scope), literal({ at: place.at, text: 'null' }, celNull, undefined)], place);

function constantKey<Frame>(key: Syntax, scope: Scope<Frame>): string {
  if (key.kind === 'constant' && typeof key.value === 'string') return key.value;
  const place = placeOf(key, scope);
  return refuseAt({ ...place, at: chainOf(key)?.at ?? place.at }, { field: place.text, expected: 'constant text as key of a map', got: place.text });
}

/** The names of a chain of plain selections; undefined where it starts with anything but a name. */
function chainOf(syntax: Syntax): { readonly path: readonly string[]; readonly at: number } | undefined {
  if (syntax.kind === 'name') return { path: [syntax.name], at: syntax.at };
  if (syntax.kind !== 'select') return undefined;
  const start = chainOf(syntax.operand);
  return start && { path: [...start.path, syntax.field], at: start.at };
}

function buildPath<Frame>(syntax: Extract<Syntax, { kind: 'name' | 'select' }>, scope: Scope<Frame>, place: Place): Expression<Frame> {
  const chain = chainOf(syntax);
  if (chain === undefined) return syntax.kind === 'select' ? selectNode(build(syntax.operand, scope), syntax.field, place) : refuseAt(place, { field: place.text, expected: 'a name', got: place.text });
  const start = { ...place, at: chain.at };
  const local = scope.locals.get(chain.path[0] ?? '');
  if (local !== undefined) return chain.path.slice(1).reduce((operand, field) => selectNode(operand, field, start), localNode<Frame>(local, chain.path[0] ?? '', start));
  return resolved(chain.path, scope, start);
}

/** The longest part of the path that is bound; what is left selects keys of a map. */
function resolved<Frame>(path: readonly string[], scope: Scope<Frame>, place: Place): Expression<Frame> {
  const whole = scope.environment.resolve(path);
  if (typeof whole !== 'string') return pathNode(path, whole, scope, place);
  for (let length = path.length - 1; length > 0; length--) {
    const binding = scope.environment.resolve(path.slice(0, length));
    if (typeof binding === 'string' || (binding.type.kind !== 'map' && !isDyn(binding.type))) continue;
    return path.slice(length).reduce((operand, field) => selectNode(operand, field, place), pathNode(path.slice(0, length), binding, scope, place));
  }
  return refuseAt(place, { field: path.join('.'), expected: whole, got: 'an unknown name' });
}

function pathNode<Frame>(path: readonly string[], { type, read }: Binding<Frame>, scope: Scope<Frame>, place: Place): Expression<Frame> {
  const text = path.join('.');
  scope.reads.add(text);
  return { node: 'path', path, type, evaluate: read, at: place.at, text };
}

function localNode<Frame>({ type, cell }: Local, name: string, place: Place): Expression<Frame> {
  return { node: 'path', path: [name], type, evaluate: () => cell.value, at: place.at, text: name };
}

function selectNode<Frame>(operand: Expression<Frame>, field: string, place: Place): Expression<Frame> {
  const { type, evaluate } = operand;
  if (type.kind !== 'map' && !isDyn(type)) return refuseAt(place, { field: `.${field}`, expected: 'a map before .', got: `${typeText(type)} ${operand.text}` });
  const key = literal<Frame>(place, celString, field);
  return { node: 'call', name: '[]', operands: [operand, key], type: type.kind === 'map' ? type.of : celDyn, at: place.at, text: `${operand.text}.${field}`, evaluate: (frame) => elementAt(evaluate(frame), field) };
}

function buildCall<Frame>(syntax: CallSyntax, scope: Scope<Frame>, place: Place): Expression<Frame> {
  const { name, operands } = syntax;
  const [first, second, third] = operands;
  const op = operatorText(name);
  if (syntax.target === undefined && first !== undefined && second !== undefined && (name.startsWith('_') || name === '@in')) {
    if (isCompareOperator(op)) return compareNode(op, [buildOrNull(first, scope), buildOrNull(second, scope)], place);
    if (isArithmeticOperator(op)) return arithmeticNode(op, [build(first, scope), build(second, scope)], place);
    if (op === 'in') return buildIn(first, second, scope, place);
    if (name === '_[_]') return indexNode([build(first, scope), build(second, scope)], place);
    if (name === '_?_:_' && third !== undefined) return conditionalNode([build(first, scope), buildOrNull(second, scope), buildOrNull(third, scope)], place);
  }
  if (name === 'has' && syntax.target === undefined && first !== undefined && second === undefined) return hasNode(first, scope, place);
  if (name === '!_' && first !== undefined) return notNode(build(first, scope), place);
  if (name === '-_' && first !== undefined) return negationNode(build(first, scope), place);
  return callNode(syntax, (operand) => build(operand, scope), scope, place);
}

function buildIn<Frame>(left: Syntax, right: Syntax, scope: Scope<Frame>, place: Place): Expression<Frame> {
  const chain = chainOf(right);
  const named = chain && !scope.locals.has(chain.path[0] ?? '') ? scope.environment.membership?.(chain.path) : undefined;
  if (chain === undefined || named === undefined) return inNode([build(left, scope), build(right, scope)], place);
  const text = chain.path.join('.');
  scope.reads.add(text);
  return inNamedList(build(left, scope), { list: chain.path.at(-1) ?? text, test: named.test }, place);
}

/** `list.exists(x, test)`, `all`, `exists_one`: the three-valued || or && over the elements; exactly one, unknown while an element's test is. */
function buildMacro<Frame>(syntax: Extract<Syntax, { kind: 'macro' }>, scope: Scope<Frame>, place: Place): Expression<Frame> {
  const range = build(syntax.range, scope);
  const { type } = range;
  if (type.kind !== 'list' && type.kind !== 'map' && !isDyn(type)) return refuseAt(place, { field: syntax.name, expected: `a list before .${syntax.name}`, got: `${typeText(type)} ${range.text}` });
  const elementType: CelType = type.kind === 'list' ? type.of : type.kind === 'map' ? celString : celDyn;
  const local: Local = { type: elementType, cell: { value: undefined } };
  const body = build(syntax.body, { ...scope, locals: new Map([...scope.locals, [syntax.variable, local]]) });
  requireBool(body, `in .${syntax.name}(…)`, place);
  const evaluate = loop(syntax.name, range.evaluate, body.evaluate, local.cell);
  return { node: 'call', name: syntax.name, operands: [range, body], type: celBool, at: place.at, text: place.text, evaluate };
}

function loop<Frame>(name: MacroName, range: Evaluate<Frame>, body: Evaluate<Frame>, cell: { value: CelValue }): Evaluate<Frame> {
  return (frame) => {
    const all = range(frame);
    if (typeof all !== 'object') return undefined;
    const elements = isList(all) ? all : Object.keys(all);
    const outer = cell.value;
    let hits = 0, unknowns = 0, decided: boolean | undefined;
    for (let index = 0; index < elements.length && decided === undefined; index++) {
      cell.value = elementValue(elements[index]);
      const value = body(frame);
      if (value === true) hits++;
      else if (value !== false) unknowns++;
      if (name === 'exists' && value === true) decided = true;
      else if (name === 'all' && value === false) decided = false;
      else if (name === 'exists_one' && hits > 1) decided = false;
    }
    cell.value = outer;
    if (decided !== undefined) return decided;
    return unknowns > 0 ? undefined : name === 'exists' ? false : name === 'all' ? true : hits === 1;
  };
}
