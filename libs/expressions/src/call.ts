import type { CelValue, Expression, ExtraFunction } from './api';
import type { BuiltIn } from './built-in';
import { numberFunctions } from './number-functions';
import type { Evaluate, Place, Scope } from './scope';
import { folded, refuseAt } from './scope';
import type { Syntax } from './syntax';
import { textFunctions } from './text-functions';
import { timeFunctions } from './time-functions';
import { typeText } from './types';

const builtIns: ReadonlyMap<string, BuiltIn> = new Map([...numberFunctions, ...textFunctions, ...timeFunctions]);

/** A call of a built-in or of one of the environment's functions, which win where both have the name. */
export function callNode<Frame>(syntax: Extract<Syntax, { kind: 'call' }>, build: (operand: Syntax) => Expression<Frame>, scope: Scope<Frame>, place: Place): Expression<Frame> {
  const { target, operands } = syntax;
  const inNamespace = target?.kind === 'name' && target.name === 'math' && !scope.locals.has('math');
  const name = inNamespace ? `math.${syntax.name}` : syntax.name;
  const isMethod = target !== undefined && !inNamespace;
  const extra = isMethod ? undefined : scope.environment.functions?.get(name);
  if (extra !== undefined) return extraCall(name, extra, operands.map(build), place);
  const builtIn = builtIns.get(name);
  if (builtIn === undefined || (builtIn.style !== 'both' && (builtIn.style === 'method') !== isMethod)) return refuseAt(place, { field: name, expected: expectedFunction(name, builtIn, isMethod, scope), got: `an unknown ${isMethod ? 'method' : 'function'}` });
  const built = (isMethod ? [target, ...operands] : operands).map(build);
  const types = built.map((operand) => operand.type);
  const type = builtIn.type(types);
  if (type === undefined) return refuseAt(place, { field: name, expected: builtIn.signature, got: isMethod ? `${types.slice(0, 1).map(typeText).join('')}.${name}(${types.slice(1).map(typeText).join(', ')})` : `${name}(${types.map(typeText).join(', ')})` });
  return folded({ node: 'call', name, operands: built, type, at: place.at, text: place.text, evaluate: builtIn.make(built, place) }, built);
}

const unsupportedMacros = new Set(['exists', 'all', 'exists_one', 'existsOne', 'map', 'filter', 'has']);

function expectedFunction<Frame>(name: string, builtIn: BuiltIn | undefined, isMethod: boolean, scope: Scope<Frame>): string {
  if (builtIn !== undefined) return builtIn.signature;
  if (unsupportedMacros.has(name)) return name === 'has' ? 'has(path)' : `list.${name}(variable, test)`;
  const known = [...builtIns].filter(([, { style }]) => style === 'both' || (style === 'method') === isMethod).map(([known]) => known);
  return `one of ${[...known, ...(isMethod ? [] : scope.environment.functions?.keys() ?? [])].sort().join(', ')}`;
}

function extraCall<Frame>(name: string, extra: ExtraFunction<Frame>, operands: readonly Expression<Frame>[], place: Place): Expression<Frame> {
  const types = operands.map((operand) => operand.type);
  const type = extra.type(types);
  if (typeof type === 'string') return refuseAt(place, { field: name, expected: type, got: `${name}(${types.map(typeText).join(', ')})` });
  // One array for all calls: the function must not keep it.
  const values: CelValue[] = operands.map(() => undefined);
  const closures = operands.map((operand) => operand.evaluate);
  const evaluate: Evaluate<Frame> = (frame) => {
    for (let index = 0; index < closures.length; index++) values[index] = (closures[index] as Evaluate<Frame>)(frame);
    const value = extra.call(frame, values);
    return value === null || (typeof value === 'number' && !Number.isFinite(value)) ? undefined : value;
  };
  return { node: 'call', name, operands, type, at: place.at, text: place.text, evaluate };
}
