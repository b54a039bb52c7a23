import { invalidModel } from '../invalid-model';
import { readOnnxGraph, type OnnxGraph } from '../onnx/onnx-graph';
import type { OnnxNode } from '../onnx/onnx-node';
import { readTrees } from './ensemble-node';
import { InputColumns } from './input-columns';
import { scoreBehind } from './score-path';
import type { Tree, TreeEnsemble } from './tree-ensemble';

const doublesAttributes = ['nodes_values_as_tensor', 'class_weights_as_tensor', 'target_weights_as_tensor', 'base_values_as_tensor'];

/**
 * Reads the trees of an ONNX file: every `TreeEnsembleClassifier` (two labels) and `TreeEnsembleRegressor` (one target) of
 * ai.onnx.ml 1 to 3 whose outputs are added to the output asked for.
 * @param output `name` or `name[column]`; without it the one output that is a score.
 * @throws WeirError WEIR_MODEL_INVALID for what is not reproduced exactly: other operators on the way, more classes or
 * targets, other transforms or aggregates, tensors of doubles.
 */
export function loadTreeEnsemble(bytes: Uint8Array, output?: string): TreeEnsemble {
  return treeEnsembleOf(readOnnxGraph(bytes), output);
}

/** `loadTreeEnsemble` of a graph that is read already. */
export function treeEnsembleOf(graph: OnnxGraph, output?: string): TreeEnsemble {
  const score = scoreBehind(graph, output), nodes = score.parts.map(({ node }) => node);
  const columns = new InputColumns(graph.input.width);
  for (const node of nodes) checkNode(node);
  const logistic = readLogistic(nodes) || score.logistic;
  const trees = score.parts.flatMap(({ node, scale }) => readTrees(node, columns, graph.input.width).map((tree) => times(tree, scale)));
  const baseValue = score.parts.reduce((sum, { node, scale }) => sum + scale * (node.floats('base_values')[0] ?? 0), score.shift);
  return { inputs: graph.input.width, columns, trees, baseValue, logistic };
}

/** The same tree, its leaves multiplied. */
const times = (tree: Tree, scale: number): Tree => (scale === 1 ? tree : { ...tree, value: tree.value.map((value) => value * scale) });

function checkNode(node: OnnxNode): void {
  const doubles = doublesAttributes.find((name) => node.hasTensor(name));
  if (doubles !== undefined) throw invalidModel(doubles, 'thresholds and weights as float32 lists', 'a tensor of doubles');
  if (node.operator === 'TreeEnsembleClassifier') checkClassifier(node);
  else checkRegressor(node);
}

function checkClassifier(node: OnnxNode): void {
  const labels = Math.max(node.ints('classlabels_int64s').length, node.texts('classlabels_strings').length);
  if (labels !== 2) throw invalidModel('classlabels', '2 labels', String(labels));
  const ids = node.ints('class_ids');
  const other = ids.find((id) => id !== 0 && id !== 1);
  if (other !== undefined) throw invalidModel('class_ids', '0 or 1', String(other));
  const baseValues = node.floats('base_values').length;
  if (baseValues > 1 || (baseValues === 1 && ids.includes(1))) throw invalidModel('base_values', 'at most one, beside weights for class 0 alone', `${baseValues} beside weights for class ${[...new Set(ids)].join(' and ')}`);
}

function checkRegressor(node: OnnxNode): void {
  const targets = node.int('n_targets', 1);
  if (targets !== 1 || node.ints('target_ids').some((id) => id !== 0)) throw invalidModel('n_targets', '1', String(targets));
  const baseValues = node.floats('base_values').length;
  if (baseValues > 1) throw invalidModel('base_values', 'at most one', String(baseValues));
  const aggregate = node.text('aggregate_function', 'SUM');
  if (aggregate !== 'SUM' && aggregate !== 'AVERAGE') throw invalidModel('aggregate_function', 'SUM or AVERAGE', aggregate);
}

function readLogistic(nodes: readonly OnnxNode[]): boolean {
  const transforms = nodes.map((node) => node.text('post_transform', 'NONE'));
  const other = transforms.find((transform) => transform !== 'NONE' && transform !== 'LOGISTIC');
  if (other !== undefined) throw invalidModel('post_transform', 'NONE or LOGISTIC', other);
  if (nodes.length > 1 && transforms.includes('LOGISTIC')) throw invalidModel('post_transform', 'NONE where ensembles are added', 'LOGISTIC');
  return transforms[0] === 'LOGISTIC';
}
