import { invalidModel } from '../invalid-model';
import type { OnnxGraph } from '../onnx/onnx-graph';
import type { OnnxNode } from '../onnx/onnx-node';
import { parseModelOutput } from '../onnx/output-name';

/** An ensemble and what its sum is multiplied by. */
export interface ScorePart { readonly node: OnnxNode; readonly scale: number }

/** Σ scale · ensemble + shift, or the logistic of it. */
export interface ScoreSum { readonly parts: readonly ScorePart[]; readonly shift: number; readonly logistic: boolean }

/** What a value turns out to be: a sum of ensembles, a label, or something that is not reproduced. */
type Traced = ({ readonly kind: 'score' } & ScoreSum) | { readonly kind: 'label' } | { readonly kind: 'other'; readonly why: string };

const castsThatChangeNothing = new Set([1, 11]); // float, double
/** Steps from an output back to its ensembles. */
const stepsMax = 1_000;

/**
 * The ensembles whose sum an output is: a mean, or a sum of several, calibrated by a factor, a shift and a logistic. `Identity`, `Cast`, `Sum`, `Add`, `ZipMap`, `Mul`
 * and `Div` by a number, and a last `Sigmoid` may stand between.
 * @throws WeirError WEIR_MODEL_INVALID when something else does, or the output or column is no P(fraud).
 */
export function scoreBehind(graph: OnnxGraph, output: string | undefined): ScoreSum {
  const candidates = output === undefined ? graph.outputs : [checkedTensor(graph, output)];
  const traced = candidates.map((name) => new Tracer(graph).trace(name));
  const score = traced.find((result) => result.kind === 'score');
  if (score?.kind !== 'score') {
    const why = traced.find((result) => result.kind === 'other');
    throw invalidModel('output', 'a sum of tree ensembles', why?.kind === 'other' ? why.why : 'a label');
  }
  const nodes = score.parts.map(({ node }) => node);
  if (new Set(nodes).size !== nodes.length) throw invalidModel('output', 'each ensemble added once', 'one of them twice');
  if (output !== undefined) checkColumn(output, nodes);
  return score;
}

function checkedTensor(graph: OnnxGraph, output: string): string {
  const tensor = parseModelOutput(output)?.tensor;
  if (tensor === undefined || !graph.outputs.includes(tensor)) throw invalidModel('output', `one of ${graph.outputs.join(', ')}`, output);
  return tensor;
}

/** A classifier's P(fraud) is its second column; a regressor has one. */
function checkColumn(output: string, nodes: readonly OnnxNode[]): void {
  const column = parseModelOutput(output)?.column ?? 0;
  const expected = nodes[0]?.operator === 'TreeEnsembleClassifier' ? 1 : 0;
  if (column !== expected) throw invalidModel('output', `column ${expected}`, output);
}

class Tracer {
  private steps = 0;

  constructor(private readonly graph: OnnxGraph) {}

  trace(value: string): Traced {
    if (++this.steps > stepsMax) return other('a graph too deep');
    const producer = this.graph.producerByValue.get(value);
    if (producer === undefined) return other(`the value ${value}`);
    const { node, outputIndex } = producer;
    switch (node.operator) {
      case 'TreeEnsembleClassifier': return outputIndex === 0 ? { kind: 'label' } : this.ensemble(node);
      case 'TreeEnsembleRegressor': return this.ensemble(node);
      case 'Identity': case 'ZipMap': return this.traceInput(node, 0);
      case 'Cast': return castsThatChangeNothing.has(node.int('to', 0)) ? this.traceInput(node, 0) : this.castToOther(node);
      case 'Mul': return this.times(node);
      case 'Div': return this.dividedBy(node);
      case 'Sum': case 'Add': return this.sum(node);
      case 'Sigmoid': return this.sigmoid(node);
      default: return other(`the operator ${node.operator}`);
    }
  }

  private traceInput(node: OnnxNode, index: number): Traced {
    return this.trace(node.inputs[index] ?? '');
  }

  /** The ensemble must see the model's input as it is. */
  private ensemble(node: OnnxNode): Traced {
    let value = node.inputs[0] ?? '';
    for (let step = 0; step < stepsMax && value !== this.graph.input.name; step++) {
      const producer = this.graph.producerByValue.get(value)?.node;
      const passes = producer?.operator === 'Identity' || (producer?.operator === 'Cast' && producer.int('to', 0) === 1);
      if (producer === undefined || !passes) return other(`the operator ${producer?.operator ?? 'nothing'} before the trees`);
      value = producer.inputs[0] ?? '';
    }
    return { kind: 'score', parts: [{ node, scale: 1 }], shift: 0, logistic: false };
  }

  private castToOther(node: OnnxNode): Traced {
    return this.traceInput(node, 0).kind === 'label' ? { kind: 'label' } : other(`the operator Cast to type ${node.int('to', 0)}`);
  }

  private times(node: OnnxNode): Traced {
    const [first, second] = node.inputs, factor = this.number(second);
    if (factor !== undefined) return scaled(this.traceInput(node, 0), factor, 'Mul');
    const before = this.number(first);
    return before === undefined ? other('the operator Mul by something other than a number') : scaled(this.traceInput(node, 1), before, 'Mul');
  }

  private dividedBy(node: OnnxNode): Traced {
    const divisor = this.number(node.inputs[1]);
    return divisor === undefined || divisor === 0 ? other('the operator Div by something other than a number') : scaled(this.traceInput(node, 0), 1 / divisor, 'Div');
  }

  private sigmoid(node: OnnxNode): Traced {
    const inner = this.traceInput(node, 0);
    if (inner.kind !== 'score') return inner;
    return endsInLogistic(inner) ? other('the operator Sigmoid of a probability') : { ...inner, logistic: true };
  }

  /** A constant all of whose elements are one number. */
  private number(name: string | undefined): number | undefined {
    const values = name === undefined ? undefined : this.graph.constant(name)?.values, first = values?.[0];
    return values !== undefined && first !== undefined && Number.isFinite(first) && values.every((value) => value === first) ? first : undefined;
  }

  private sum(node: OnnxNode): Traced {
    const parts: ScorePart[] = [];
    let shift = 0;
    const constants = node.inputs.map((input) => this.number(input)), traced = node.inputs.flatMap((input, index) => (constants[index] === undefined ? [this.trace(input)] : []));
    for (const value of constants) shift += value ?? 0;
    for (const part of traced) {
      if (part.kind !== 'score') return part.kind === 'other' ? part : other(`the operator ${node.operator} of labels`);
      if (part.logistic) return other(`the operator ${node.operator} of probabilities`);
      if (shift !== 0 && endsInLogistic(part)) return other(`the operator ${node.operator} of a probability and a number`);
      parts.push(...part.parts);
      shift += part.shift;
    }
    return parts.length === 0 ? other(`the operator ${node.operator} of constants`) : { kind: 'score', parts, shift, logistic: false };
  }
}

const endsInLogistic = ({ parts, logistic }: ScoreSum): boolean => logistic || parts.some(({ node }) => node.text('post_transform', 'NONE') === 'LOGISTIC');

function scaled(traced: Traced, factor: number, operator: string): Traced {
  if (traced.kind !== 'score' || factor === 1) return traced;
  if (endsInLogistic(traced)) return other(`the operator ${operator} of a probability`);
  return { ...traced, parts: traced.parts.map(({ node, scale }) => ({ node, scale: scale * factor })), shift: traced.shift * factor };
}

const other = (why: string): Traced => ({ kind: 'other', why });
