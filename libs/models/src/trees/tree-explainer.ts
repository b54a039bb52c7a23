import { coverShares, expectedValue } from './covers';
import { blockRowsMax, RowBlock } from './row-block';
import { PathContributions } from './path-contributions';
import { TabulatedTrees } from './tabulated-trees';
import { probabilityOf, type TreeEnsemble } from './tree-ensemble';
import type { Explainer, Explanation } from '../explanation';

/** Rows a background may have: they are counted once, when the explainer is made. */
const backgroundRowsMax = 100_000;

/**
 * Exact path-dependent TreeSHAP values of the margin (Lundberg and others, 2018) of one row after the other. Preparing
 * counts the covers and tabulates small trees; a row then costs lookups.
 * @param background rows the model knows as usual; each node's cover is the number of them that reach it.
 */
export class TreeExplainer implements Explainer {
  readonly approximate = false;
  readonly inputs: number;
  readonly base: number;
  private readonly one: RowBlock;
  /** Made when many rows are first asked for. */
  private many: RowBlock | undefined;
  private readonly tabulated: TabulatedTrees;
  private readonly others: PathContributions[] = [];

  constructor(private readonly ensemble: TreeEnsemble, background: readonly ArrayLike<number>[], options: { readonly tableBytesMax?: number | undefined } = {}) {
    if (background.length > backgroundRowsMax) throw new RangeError(`at most ${backgroundRowsMax} background rows, got ${background.length}`);
    const shares = coverShares(ensemble, background);
    this.inputs = ensemble.inputs;
    this.one = new RowBlock(ensemble.inputs, ensemble.columns, 1);
    this.base = ensemble.trees.reduce((sum, tree, index) => sum + expectedValue(tree, shares[index] as Float64Array), ensemble.baseValue);
    this.tabulated = new TabulatedTrees(options.tableBytesMax);
    ensemble.trees.forEach((tree, index) => {
      const share = shares[index] as Float64Array;
      if (!this.tabulated.tryAdd(tree, share)) this.others.push(new PathContributions(tree, share));
    });
    this.tabulated.seal();
  }

  explain(row: ArrayLike<number>): Explanation {
    this.explainBlock(this.one, [row], { from: 0, to: 1 });
    return this.explanationOf(this.one, 0);
  }

  explainAll(rows: readonly ArrayLike<number>[]): Explanation[] {
    const explanations: Explanation[] = [];
    const block = (this.many ??= new RowBlock(this.inputs, this.ensemble.columns, blockRowsMax));
    for (let from = 0; from < rows.length; from += blockRowsMax) {
      this.explainBlock(block, rows, { from, to: Math.min(rows.length, from + blockRowsMax) });
      for (let row = 0; row < block.rows; row++) explanations.push(this.explanationOf(block, row));
    }
    return explanations;
  }

  private explainBlock(block: RowBlock, rows: readonly ArrayLike<number>[], range: { from: number; to: number }): void {
    block.clear();
    for (let index = range.from; index < range.to; index++) {
      const row = rows[index] as ArrayLike<number>;
      if (row.length !== this.inputs) throw new RangeError(`a row of ${this.inputs} numbers expected, got ${row.length}`);
      block.add(row);
    }
    this.tabulated.addTo(block);
    for (const tree of this.others) tree.addTo(block);
  }

  private explanationOf(block: RowBlock, row: number): Explanation {
    const contributions = block.contributions.slice(row * this.inputs, (row + 1) * this.inputs);
    let margin = this.base;
    for (const contribution of contributions) margin += contribution;
    return { p: probabilityOf(this.ensemble, margin), margin, base: this.base, contributions };
  }
}
