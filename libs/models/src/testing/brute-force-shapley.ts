/** A tree written down as it is read, for tests; `cover` is the number of background rows that reach the node. */
export type OracleTree = { readonly value: number } | { readonly feature: number; readonly goesTrue: (x: number) => boolean; readonly ifTrue: OracleTree; readonly ifFalse: OracleTree };

const isLeaf = (tree: OracleTree): tree is { readonly value: number } => 'value' in tree;

/** v(S) by definition: a node on a feature of S follows the row, any other takes both children by cover. */
function gameValue(tree: OracleTree, row: readonly number[], known: ReadonlySet<number>, reached: readonly (readonly number[])[]): number {
  if (isLeaf(tree)) return tree.value;
  const { feature, goesTrue } = tree;
  const goes = (x: readonly number[]): boolean => goesTrue(x[feature] ?? Number.NaN);
  const [yes, no] = [reached.filter(goes), reached.filter((x) => !goes(x))];
  if (known.has(feature)) return goes(row) ? gameValue(tree.ifTrue, row, known, yes) : gameValue(tree.ifFalse, row, known, no);
  const share = reached.length === 0 ? 0.5 : yes.length / reached.length;
  const part = (weight: number, child: OracleTree, rows: readonly (readonly number[])[]): number => (weight === 0 ? 0 : weight * gameValue(child, row, known, rows));
  return part(share, tree.ifTrue, yes) + part(1 - share, tree.ifFalse, no);
}

/** Shapley values over all subsets of `inputs` features. */
export function shapleyByDefinition(trees: readonly OracleTree[], row: readonly number[], background: readonly (readonly number[])[]): { base: number; contributions: number[] } {
  const inputs = row.length;
  const worth = Array.from({ length: 2 ** inputs }, (_, mask) => {
    const known = new Set(Array.from({ length: inputs }, (_unused, feature) => feature).filter((feature) => (mask >> feature) & 1));
    return trees.reduce((sum, tree) => sum + gameValue(tree, row, known, background), 0);
  });
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const size = (mask: number): number => (mask === 0 ? 0 : (mask & 1) + size(mask >> 1));
  const contributions = Array.from({ length: inputs }, (_, feature) => {
    let sum = 0;
    for (let mask = 0; mask < 2 ** inputs; mask++) {
      if ((mask >> feature) & 1) continue;
      const weight = (factorial(size(mask)) * factorial(inputs - size(mask) - 1)) / factorial(inputs);
      sum += weight * ((worth[mask | (1 << feature)] ?? 0) - (worth[mask] ?? 0));
    }
    return sum;
  });
  return { base: worth[0] ?? 0, contributions };
}
