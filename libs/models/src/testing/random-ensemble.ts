import { onnxModel, onnxNode } from './onnx-writer';

/** Source of numbers in [0, 1). */
type Random = () => number;

/** A regressor of complete trees over inputs in [0, 1): features and thresholds by chance. */
export function randomEnsemble(size: { trees: number; depth: number; inputs: number }, random: Random): Uint8Array {
  const treeIds: number[] = [], nodeIds: number[] = [], features: number[] = [], values: number[] = [], trueIds: number[] = [], falseIds: number[] = [], modes: string[] = [];
  const leafTrees: number[] = [], leafNodes: number[] = [], weights: number[] = [];
  const inner = 2 ** size.depth - 1;
  for (let tree = 0; tree < size.trees; tree++) {
    for (let node = 0; node < 2 * inner + 1; node++) {
      const isLeaf = node >= inner;
      treeIds.push(tree);
      nodeIds.push(node);
      modes.push(isLeaf ? 'LEAF' : 'BRANCH_LT');
      features.push(isLeaf ? 0 : Math.floor(random() * size.inputs));
      values.push(isLeaf ? 0 : Math.fround(0.2 + 0.6 * random()));
      trueIds.push(isLeaf ? 0 : 2 * node + 1);
      falseIds.push(isLeaf ? 0 : 2 * node + 2);
      if (!isLeaf) continue;
      leafTrees.push(tree);
      leafNodes.push(node);
      weights.push(Math.fround(random() - 0.5));
    }
  }
  return onnxModel({
    inputs: size.inputs,
    outputs: ['variable'],
    nodes: [onnxNode('TreeEnsembleRegressor', ['input'], ['variable'], {
      nodes_treeids: { ints: treeIds }, nodes_nodeids: { ints: nodeIds }, nodes_featureids: { ints: features }, nodes_values: { floats: values }, nodes_modes: { texts: modes },
      nodes_truenodeids: { ints: trueIds }, nodes_falsenodeids: { ints: falseIds },
      target_treeids: { ints: leafTrees }, target_nodeids: { ints: leafNodes }, target_ids: { ints: leafNodes.map(() => 0) }, target_weights: { floats: weights }, n_targets: 1,
    })],
  });
}
