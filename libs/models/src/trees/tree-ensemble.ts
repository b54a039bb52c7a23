import type { InputColumns } from './input-columns';

/**
 * One tree, its nodes in preorder (a node, then everything under its less child, then everything under the other), the root
 * at 0. A leaf has `feature` −1 and its `value`; an inner node takes `lessChild` when `columns[column] < threshold`.
 */
export interface Tree {
  readonly feature: Int32Array;
  readonly column: Int32Array;
  readonly threshold: Float64Array;
  readonly lessChild: Int32Array;
  readonly otherChild: Int32Array;
  readonly value: Float64Array;
}

/** Trees that are added, as a file stores them: float32 numbers, summed in double. */
export interface TreeEnsemble {
  /** Inputs of the model, m of `float [n, m]`. */
  readonly inputs: number;
  readonly columns: InputColumns;
  readonly trees: readonly Tree[];
  /** Added once to the sum of the leaves. */
  readonly baseValue: number;
  /** Whether p = 1 / (1 + exp(−margin)); else p = margin. */
  readonly logistic: boolean;
}

/** p of a margin. */
export const probabilityOf = (ensemble: { readonly logistic: boolean }, margin: number): number => (ensemble.logistic ? 1 / (1 + Math.exp(-margin)) : margin);

/** The leaf a row ends in; `columns` as `InputColumns.expand` wrote them. */
function leafOf(tree: Tree, columns: Float64Array): number {
  let node = 0;
  while ((tree.feature[node] as number) >= 0) {
    const less = (columns[tree.column[node] as number] as number) < (tree.threshold[node] as number);
    node = (less ? tree.lessChild[node] : tree.otherChild[node]) as number;
  }
  return node;
}

/** The sum a row gets, leaf by leaf. */
export function marginOf(ensemble: TreeEnsemble, columns: Float64Array): number {
  let margin = ensemble.baseValue;
  for (const tree of ensemble.trees) margin += tree.value[leafOf(tree, columns)] as number;
  return margin;
}
