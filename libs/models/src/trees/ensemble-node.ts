import { invalidModel } from '../invalid-model';
import type { OnnxNode } from '../onnx/onnx-node';
import { branchModes, type Branch, type BranchMode, type InputColumns } from './input-columns';
import type { Tree } from './tree-ensemble';

/** Nodes of one ensemble, all trees together. */
const treeNodesMax = 4_000_000;
/** Splits on the way to a leaf. */
const treeDepthMax = 1_000;

interface RawNode {
  readonly tree: number;
  readonly id: number;
  readonly mode: string;
  readonly feature: number;
  readonly value: number;
  readonly trueId: number;
  readonly falseId: number;
  readonly missingIsTrue: boolean;
  /** Sum of the weights for the class or target that counts. */
  weight: number;
}

/** Trees of one `TreeEnsembleClassifier` or `TreeEnsembleRegressor`. `columns` gains what their nodes compare. */
export function readTrees(node: OnnxNode, columns: InputColumns, inputs: number): Tree[] {
  const rawByTree = groupByTree(readRawNodes(node, inputs));
  addWeights(node, rawByTree);
  const divisor = node.text('aggregate_function', 'SUM') === 'AVERAGE' ? rawByTree.size : 1;
  return [...rawByTree].map(([treeId, rawById]) => buildTree(rawById, { treeId, columns, divisor }));
}

function readRawNodes(node: OnnxNode, inputs: number): RawNode[] {
  const treeIds = node.ints('nodes_treeids');
  const count = treeIds.length;
  if (count === 0 || count > treeNodesMax) throw invalidModel('nodes_treeids', `1 to ${treeNodesMax} nodes`, String(count));
  const ints = (name: string): readonly number[] => ofLength(name, node.ints(name), count);
  const [ids, features, trueIds, falseIds] = [ints('nodes_nodeids'), ints('nodes_featureids'), ints('nodes_truenodeids'), ints('nodes_falsenodeids')];
  const modes = ofLength('nodes_modes', node.texts('nodes_modes'), count);
  const values = ofLength('nodes_values', node.floats('nodes_values'), count);
  const tracked = node.ints('nodes_missing_value_tracks_true');
  if (tracked.length > 0) ofLength('nodes_missing_value_tracks_true', tracked, count);
  return treeIds.map((tree, index) => {
    const mode = modes[index] as string;
    const feature = features[index] as number;
    if (mode !== 'LEAF' && (feature < 0 || feature >= inputs)) throw invalidModel('nodes_featureids', `an input from 0 to ${inputs - 1}`, String(feature));
    return {
      tree, mode, feature, id: ids[index] as number, value: values[index] as number,
      trueId: trueIds[index] as number, falseId: falseIds[index] as number, missingIsTrue: tracked[index] === 1, weight: 0,
    };
  });
}

function groupByTree(nodes: readonly RawNode[]): Map<number, Map<number, RawNode>> {
  const byTree = new Map<number, Map<number, RawNode>>();
  for (const node of nodes) {
    let byId = byTree.get(node.tree);
    if (byId === undefined) byTree.set(node.tree, (byId = new Map()));
    if (byId.has(node.id)) throw invalidModel('nodes_nodeids', 'each node of a tree once', `tree ${node.tree} node ${node.id} twice`);
    byId.set(node.id, node);
  }
  return byTree;
}

/** A weight of a node that is no leaf is ignored, as the runtime does. */
function addWeights(node: OnnxNode, rawByTree: ReadonlyMap<number, ReadonlyMap<number, RawNode>>): void {
  const kind = node.operator === 'TreeEnsembleClassifier' ? 'class' : 'target';
  const weights = node.floats(`${kind}_weights`);
  const [trees, nodes, ids] = [`${kind}_treeids`, `${kind}_nodeids`, `${kind}_ids`].map((name) => ofLength(name, node.ints(name), weights.length));
  const wanted = kind === 'class' ? wantedClass(ids ?? []) : 0;
  weights.forEach((weight, index) => {
    const raw = rawByTree.get(trees?.[index] as number)?.get(nodes?.[index] as number);
    if (raw === undefined) throw invalidModel(`${kind}_nodeids`, 'a node of the ensemble', `tree ${trees?.[index]} node ${nodes?.[index]}`);
    if (ids?.[index] === wanted) raw.weight += weight;
  });
}

/** Weights for one class alone speak of the second label, whichever id they have; with both, those of class 1 do. */
function wantedClass(classIds: readonly number[]): number {
  return classIds.includes(1) ? 1 : 0;
}

function ofLength<T>(name: string, list: readonly T[], length: number): readonly T[] {
  if (list.length !== length) throw invalidModel(name, `${length} entries`, String(list.length));
  return list;
}

function buildTree(rawById: ReadonlyMap<number, RawNode>, options: { treeId: number; columns: InputColumns; divisor: number }): Tree {
  const count = rawById.size;
  const tree: Tree = {
    feature: new Int32Array(count).fill(-1), column: new Int32Array(count), threshold: new Float64Array(count),
    lessChild: new Int32Array(count), otherChild: new Int32Array(count), value: new Float64Array(count),
  };
  const open: { raw: RawNode; parent: number; less: boolean; depth: number }[] = [{ raw: rootOf(rawById, options.treeId), parent: -1, less: false, depth: 0 }];
  let placed = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { raw, parent, less, depth } = next;
    if (placed === count || depth > treeDepthMax) throw invalidModel('nodes', `a tree of ${count} nodes, at most ${treeDepthMax} deep`, `tree ${options.treeId} reaches a node twice or is deeper`);
    const place = placed++;
    if (parent >= 0) (less ? tree.lessChild : tree.otherChild)[parent] = place;
    if (raw.mode === 'LEAF') { tree.value[place] = raw.weight / options.divisor; continue; }
    const branch = branchOf(raw);
    const test = options.columns.testFor(branch);
    tree.feature[place] = branch.feature;
    tree.column[place] = test.column;
    tree.threshold[place] = test.threshold;
    const [lessId, otherId] = test.lessIsTrue ? [raw.trueId, raw.falseId] : [raw.falseId, raw.trueId];
    open.push({ raw: childOf(rawById, raw, otherId), parent: place, less: false, depth: depth + 1 }, { raw: childOf(rawById, raw, lessId), parent: place, less: true, depth: depth + 1 });
  }
  if (placed !== count) throw invalidModel('nodes', 'one tree per tree id', `tree ${options.treeId} has nodes that its root does not reach`);
  return tree;
}

function rootOf(rawById: ReadonlyMap<number, RawNode>, treeId: number): RawNode {
  const children = new Set<number>();
  for (const raw of rawById.values()) if (raw.mode !== 'LEAF') children.add(raw.trueId).add(raw.falseId);
  const roots = [...rawById.values()].filter((raw) => !children.has(raw.id));
  if (roots.length !== 1 || roots[0] === undefined) throw invalidModel('nodes', 'one root a tree', `${roots.length} in tree ${treeId}`);
  return roots[0];
}

function childOf(rawById: ReadonlyMap<number, RawNode>, parent: RawNode, id: number): RawNode {
  const child = rawById.get(id);
  if (child === undefined) throw invalidModel('nodes', 'children that are nodes of their tree', `tree ${parent.tree} node ${parent.id}: child ${id}`);
  return child;
}

function branchOf(raw: RawNode): Branch {
  const mode = branchModes.find((known): known is BranchMode => known === raw.mode);
  if (mode === undefined) throw invalidModel('nodes_modes', `LEAF, ${branchModes.join(', ')}`, raw.mode);
  if (Number.isNaN(raw.value)) throw invalidModel('nodes_values', 'a number', `NaN at tree ${raw.tree} node ${raw.id}`);
  return { feature: raw.feature, mode, value: raw.value, missingIsTrue: raw.missingIsTrue };
}
