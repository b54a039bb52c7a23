import { WeirError } from '@weir/contracts';
import type { Explainer } from './explanation';
import { LinearExplainer } from './linear/linear-explainer';
import { loadLinearModel } from './linear/load-linear-model';
import { readOnnxGraph, type OnnxGraph } from './onnx/onnx-graph';
import { treeEnsembleOf } from './trees/load-tree-ensemble';
import { TreeExplainer } from './trees/tree-explainer';

export interface ExplainerOptions {
  /** `name` or `name[column]`; without it the one output that is a score. */
  readonly output?: string;
  /** Bytes of prepared tables; 0 prepares nothing, which is best for few rows. */
  readonly tableBytesMax?: number;
}

/**
 * The exact explainer of a model: tree ensembles, linear and logistic models.
 * @param background rows the model knows as usual, each as wide as the model's input.
 * @throws WeirError WEIR_MODEL_INVALID for a model that is not reproduced exactly (`sampleExplanation` estimates those),
 * WEIR_INPUT_INVALID for a background that does not fit it.
 */
export function loadExplainer(bytes: Uint8Array, background: readonly ArrayLike<number>[], options: ExplainerOptions = {}): Explainer {
  const graph = readOnnxGraph(bytes);
  checkBackground(background, graph.input.width);
  if (!hasTrees(graph)) return new LinearExplainer(loadLinearModel(graph, options.output), background);
  return new TreeExplainer(treeEnsembleOf(graph, options.output), background, options);
}

const hasTrees = (graph: OnnxGraph): boolean => [...graph.producerByValue.values()].some(({ node }) => node.operator.startsWith('TreeEnsemble'));

function checkBackground(background: readonly ArrayLike<number>[], inputs: number): void {
  const other = background.find((row) => row.length !== inputs);
  if (other === undefined && background.length > 0) return;
  const [expected, got] = [`rows of ${inputs} columns`, other === undefined ? 'no rows' : `${other.length} columns`];
  throw new WeirError('WEIR_INPUT_INVALID', `background: ${expected} expected, got ${got}`, { findings: [{ where: 'background', field: 'columns', expected, got }] });
}
