import { forSeeds, type SeededRandom } from '@weir/testkit';
import { shapleyByDefinition, type OracleTree } from '../testing/brute-force-shapley';
import { onnxModel, onnxNode, type AttributeValue } from '../testing/onnx-writer';
import { branchHolds, branchModes, type BranchMode } from './input-columns';
import { loadTreeEnsemble } from './load-tree-ensemble';
import { blockRowsMax } from './row-block';
import { TreeExplainer } from './tree-explainer';

const inputs = 4;
const thresholds = [-1, 0, 0.25, 0.5, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(Math.fround);
const values = [-1, -0.5, 0, 0.25, Math.fround(0.3), 0.5, 0.75, 1, 2, Number.NaN, Number.POSITIVE_INFINITY];

/** Lists of a `TreeEnsembleRegressor`, filled node by node. */
class TreeLists {
  readonly ints: Record<string, number[]> = { nodes_treeids: [], nodes_nodeids: [], nodes_featureids: [], nodes_truenodeids: [], nodes_falsenodeids: [], nodes_missing_value_tracks_true: [], target_treeids: [], target_nodeids: [], target_ids: [] };
  readonly thresholds: number[] = [];
  readonly modes: string[] = [];
  readonly weights: number[] = [];

  constructor(private readonly random: SeededRandom) {}

  /** Writes a random tree and gives it as the oracle reads it; ids are neither positions nor in order. */
  tree(treeId: number, depth: number): OracleTree {
    let nextId = 100;
    const write = (left: number): { id: number; tree: OracleTree } => {
      const id = nextId--;
      if (left === 0 || this.random.chance(0.2)) return { id, tree: this.leaf(treeId, id) };
      const yes = write(left - 1);
      const no = write(left - 1);
      const branch = { feature: this.random.int(0, inputs - 1), mode: this.random.pick(branchModes), value: this.random.pick(thresholds), missingIsTrue: this.random.chance(0.3) };
      this.push({ treeId, id, mode: branch.mode, feature: branch.feature, value: branch.value, yes: yes.id, no: no.id, missing: branch.missingIsTrue });
      return { id, tree: { feature: branch.feature, goesTrue: (x) => branchHolds(branch, Math.fround(x)), ifTrue: yes.tree, ifFalse: no.tree } };
    };
    return write(depth).tree;
  }

  bytes(): Uint8Array {
    const lists = Object.fromEntries(Object.entries(this.ints).map(([name, list]): [string, AttributeValue] => [name, { ints: list }]));
    return onnxModel({ inputs, outputs: ['score'], nodes: [onnxNode('TreeEnsembleRegressor', ['input'], ['score'], { ...lists, nodes_values: { floats: this.thresholds }, nodes_modes: { texts: this.modes }, target_weights: { floats: this.weights } })] });
  }

  private leaf(treeId: number, id: number): OracleTree {
    this.push({ treeId, id, mode: 'LEAF', feature: 0, value: 0, yes: 0, no: 0, missing: false });
    if (this.random.chance(0.1)) return { value: 0 }; // a leaf without a weight
    const value = Math.fround(this.random.between(-1, 1));
    this.add('target_treeids', treeId);
    this.add('target_nodeids', id);
    this.add('target_ids', 0);
    this.weights.push(value);
    return { value };
  }

  private push(node: { treeId: number; id: number; mode: BranchMode | 'LEAF'; feature: number; value: number; yes: number; no: number; missing: boolean }): void {
    this.add('nodes_treeids', node.treeId);
    this.add('nodes_nodeids', node.id);
    this.add('nodes_featureids', node.feature);
    this.add('nodes_truenodeids', node.yes);
    this.add('nodes_falsenodeids', node.no);
    this.add('nodes_missing_value_tracks_true', node.missing ? 1 : 0);
    this.thresholds.push(node.value);
    this.modes.push(node.mode);
  }

  private add(list: string, value: number): void {
    this.ints[list]?.push(value);
  }
}

const randomRow = (random: SeededRandom): number[] => Array.from({ length: inputs }, () => random.pick(values));

describe('TreeExplainer', () => {
  it.each([['with tables', undefined], ['without tables', 0]])('gives the Shapley values by definition, over all subsets, %s', (_name, tableBytesMax) => {
    forSeeds(120, (random) => {
      const lists = new TreeLists(random);
      const trees = Array.from({ length: random.int(1, 3) }, (_, treeId) => lists.tree(treeId * 7, random.int(0, 5)));
      const background = Array.from({ length: random.int(1, 12) }, () => randomRow(random));
      const explainer = new TreeExplainer(loadTreeEnsemble(lists.bytes()), background, tableBytesMax === undefined ? {} : { tableBytesMax });
      for (let count = 0; count < 4; count++) {
        const row = randomRow(random);
        const expected = shapleyByDefinition(trees, row, background);
        const { base, contributions, margin } = explainer.explain(row);
        expect(Math.abs(base - expected.base)).toBeLessThan(1e-12);
        contributions.forEach((contribution, feature) => expect(Math.abs(contribution - (expected.contributions[feature] ?? Number.NaN))).toBeLessThan(1e-12));
        expect(Math.abs(margin - expected.contributions.reduce((sum, value) => sum + value, expected.base))).toBeLessThan(1e-12);
      }
    });
  });

  it.each([['with tables', undefined], ['without tables', 0]])('gives a row the same bits alone and among others, %s', (_name, tableBytesMax) => {
    forSeeds(3, (random) => {
      const lists = new TreeLists(random);
      for (let tree = 0; tree < 5; tree++) lists.tree(tree, 4);
      const background = Array.from({ length: 9 }, () => randomRow(random));
      const explainer = new TreeExplainer(loadTreeEnsemble(lists.bytes()), background, tableBytesMax === undefined ? {} : { tableBytesMax });
      const rows = Array.from({ length: blockRowsMax + 3 }, () => randomRow(random));
      const together = explainer.explainAll(rows);
      expect(together).toHaveLength(rows.length);
      expect(rows.map((row) => explainer.explain(row))).toEqual(together);
    });
  });

  it('does not depend on what was explained before', () => {
    forSeeds(3, (random) => {
      const lists = new TreeLists(random);
      for (let tree = 0; tree < 4; tree++) lists.tree(tree, 5);
      const background = [randomRow(random), randomRow(random)];
      const make = (): TreeExplainer => new TreeExplainer(loadTreeEnsemble(lists.bytes()), background, { tableBytesMax: 0 });
      const used = make();
      const rows = Array.from({ length: 30 }, () => randomRow(random));
      rows.forEach((row) => expect(used.explain(row)).toEqual(make().explain(row)));
    });
  });

  it('refuses a row that is too short or too long', () => {
    forSeeds(1, (random) => {
      const lists = new TreeLists(random);
      lists.tree(0, 2);
      const explainer = new TreeExplainer(loadTreeEnsemble(lists.bytes()), [randomRow(random)]);
      expect(() => explainer.explain([1, 2, 3])).toThrow(RangeError);
      expect(() => explainer.explain([1, 2, 3, 4, 5])).toThrow(RangeError);
    });
  });
});
