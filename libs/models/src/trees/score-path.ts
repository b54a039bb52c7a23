import { invalidModel } from '../invalid-model';
import type { OnnxGraph } from '../onnx/onnx-graph';
import type { OnnxNode } from '../onnx/onnx-node';
import { parseModelOutput } from '../onnx/output-name';

/** What a value turns out to be: a sum of ensembles, a label, or something that is not reproduced. */
type Traced = { readonly kind: 'score'; readonly nodes: readonly OnnxNode[] } | { readonly kind: 'label' } | { readonly kind: 'other'; readonly why: string };

const castsThatChangeNothing = new Set([1, 11]); // float, double
/** Steps from an output back to its ensembles. */
const stepsMax = 1_000;

/**
 * The ensembles whose sum an output is. `Identity`, `Cast`, `Sum`, `Add`, `ZipMap` and `Mul` by one may stand between.
 * @throws WeirError WEIR_MODEL_INVALID when something else does, or the output or column is no P(fraud).
 */
export function ensembleNodesBehind(graph: OnnxGraph, output: string | undefined): readonly OnnxNode[] {
  const candidates = output === undefined ? graph.outputs : [checkedTensor(graph, output)];
  const traced = candidates.map((name) => new Tracer(graph).trace(name));
  const score = traced.find((result) => result.kind === 'score');
  if (score?.kind !== 'score') {
    const why = traced.find((result) => result.kind === 'other');
    throw invalidModel('output', 'a sum of tree ensembles', why?.kind === 'other' ? why.why : 'a label');
  }
  if (new Set(score.nodes).size !== score.nodes.length) throw invalidModel('output', 'each ensemble added once', 'one of them twice');
  if (output !== undefined) checkColumn(output, score.nodes);
  return score.nodes;
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
      case 'Mul': return this.timesOne(node);
      case 'Sum': case 'Add': return this.sum(node);
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
    return { kind: 'score', nodes: [node] };
  }

  private castToOther(node: OnnxNode): Traced {
    return this.traceInput(node, 0).kind === 'label' ? { kind: 'label' } : other(`the operator Cast to type ${node.int('to', 0)}`);
  }

  private timesOne(node: OnnxNode): Traced {
    const [first, second] = node.inputs;
    if (this.isOne(second)) return this.traceInput(node, 0);
    if (this.isOne(first)) return this.traceInput(node, 1);
    return other('the operator Mul by something other than one');
  }

  private isOne(name: string | undefined): boolean {
    const values = name === undefined ? undefined : this.graph.constant(name)?.values;
    return values !== undefined && values.length > 0 && values.every((value) => value === 1);
  }

  private sum(node: OnnxNode): Traced {
    const parts = node.inputs.map((input) => this.trace(input));
    const nodes: OnnxNode[] = [];
    for (const part of parts) {
      if (part.kind !== 'score') return part.kind === 'other' ? part : other(`the operator ${node.operator} of labels`);
      nodes.push(...part.nodes);
    }
    return { kind: 'score', nodes };
  }
}

const other = (why: string): Traced => ({ kind: 'other', why });
