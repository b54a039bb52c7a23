import type { Tree, TreeEnsemble } from './tree-ensemble';

/**
 * Per tree and node, the share of its parent's background rows that reach it; 1 for the root. Below a node that no
 * background row reaches, ½ each. (A file of ONNX carries no covers, so they are counted.)
 */
export function coverShares(ensemble: TreeEnsemble, background: readonly ArrayLike<number>[]): Float64Array[] {
  const covers = ensemble.trees.map((tree) => new Float64Array(tree.feature.length));
  const columns = new Float64Array(ensemble.columns.count);
  for (const row of background) {
    ensemble.columns.expand(row, columns);
    ensemble.trees.forEach((tree, index) => countPath(tree, columns, covers[index] as Float64Array));
  }
  return ensemble.trees.map((tree, index) => sharesOf(tree, covers[index] as Float64Array));
}

function countPath(tree: Tree, columns: Float64Array, cover: Float64Array): void {
  let node = 0;
  for (;;) {
    cover[node] = (cover[node] as number) + 1;
    if ((tree.feature[node] as number) < 0) return;
    const less = (columns[tree.column[node] as number] as number) < (tree.threshold[node] as number);
    node = (less ? tree.lessChild[node] : tree.otherChild[node]) as number;
  }
}

function sharesOf(tree: Tree, cover: Float64Array): Float64Array {
  const shares = new Float64Array(cover.length);
  shares[0] = 1;
  for (let node = 0; node < cover.length; node++) {
    if ((tree.feature[node] as number) < 0) continue;
    const whole = cover[node] as number;
    for (const child of [tree.lessChild[node] as number, tree.otherChild[node] as number]) shares[child] = whole === 0 ? 0.5 : (cover[child] as number) / whole;
  }
  return shares;
}

/** The mean of the leaves, weighted by cover: v(∅) of the tree. */
export function expectedValue(tree: Tree, shares: Float64Array): number {
  const means = Float64Array.from(tree.value);
  for (let node = means.length - 1; node >= 0; node--) {
    if ((tree.feature[node] as number) < 0) continue;
    const less = tree.lessChild[node] as number;
    const other = tree.otherChild[node] as number;
    means[node] = (shares[less] as number) * (means[less] as number) + (shares[other] as number) * (means[other] as number);
  }
  return means[0] as number;
}
