import { coverShares, expectedValue } from './covers';
import { PathContributions } from './path-contributions';
import { TabulatedTrees } from './tabulated-trees';
import { probabilityOf, type TreeEnsemble } from './tree-ensemble';
import type { Explainer, Explanation } from '../explanation';

/** Rows a background may have: they are counted once, when the explainer is made. */
export const backgroundRowsMax = 100_000;

/**
 * Exact path-dependent TreeSHAP values of the margin (Lundberg and others, 2018) of one row after the other. Preparing
 * counts the covers and tabulates small trees; a row then costs lookups.
 * @param background rows the model knows as usual; each node's cover is the number of them that reach it.
 */
export class TreeExplainer implements Explainer {
  readonly approximate = false;
  readonly inputs: number;
  readonly base: number;
  private readonly columns: Float64Array;
  private readonly tabulated: TabulatedTrees;
  private readonly others: PathContributions[] = [];

  constructor(private readonly ensemble: TreeEnsemble, background: readonly ArrayLike<number>[], options: { readonly tableBytesMax?: number } = {}) {
    if (background.length > backgroundRowsMax) throw new RangeError(`at most ${backgroundRowsMax} background rows, got ${background.length}`);
    const shares = coverShares(ensemble, background);
    this.inputs = ensemble.inputs;
    this.columns = new Float64Array(ensemble.columns.count);
    this.base = ensemble.trees.reduce((sum, tree, index) => sum + expectedValue(tree, shares[index] as Float64Array), ensemble.baseValue);
    this.tabulated = new TabulatedTrees(options.tableBytesMax);
    ensemble.trees.forEach((tree, index) => {
      const share = shares[index] as Float64Array;
      if (!this.tabulated.tryAdd(tree, share)) this.others.push(new PathContributions(tree, share));
    });
    this.tabulated.seal();
  }

  explain(row: ArrayLike<number>): Explanation {
    if (row.length !== this.inputs) throw new RangeError(`a row of ${this.inputs} numbers expected, got ${row.length}`);
    const contributions = new Float64Array(this.inputs);
    this.ensemble.columns.expand(row, this.columns);
    this.tabulated.addTo(contributions, this.columns);
    for (const tree of this.others) tree.addTo(contributions, this.columns);
    let margin = this.base;
    for (let input = 0; input < this.inputs; input++) margin += contributions[input] as number;
    return { p: probabilityOf(this.ensemble, margin), margin, base: this.base, contributions };
  }
}
