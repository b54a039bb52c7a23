import { gaussLegendre } from './quadrature';
import type { RowBlock } from './row-block';
import type { Tree } from './tree-ensemble';

/** Outcomes of a group's tests are a number of at most this many bits: 256 rows a table. */
const bitsMax = 8;
/** Memory of all tables of one explainer. */
const tableBytesDefault = 64 * 1024 * 1024;
/** A tree whose tables would be larger is left to the general method. */
const treeNumbersMax = 32_768;

/**
 * TreeSHAP by lookup. A tree is cut into groups: a subtree with the path above it. The contributions of a group's leaves
 * depend on the row only through the outcomes of the tests inside the subtree and on its path, a few bits; so they are
 * summed beforehand for every pattern of bits. A row costs a comparison a node and a row of a table a group.
 */
export class TabulatedTrees {
  private numbersLeft: number;
  private parts = noParts();
  private plan = layOut(noParts());

  constructor(tableBytesMax = tableBytesDefault) {
    this.numbersLeft = Math.floor(tableBytesMax / Float64Array.BYTES_PER_ELEMENT);
  }

  /** False when the tree is too deep or the memory is used up; then nothing was added. */
  tryAdd(tree: Tree, shares: Float64Array): boolean {
    const cut = new TreeCut(tree);
    if (!cut.fits || cut.numbers > Math.min(treeNumbersMax, this.numbersLeft)) return false;
    this.numbersLeft -= cut.numbers;
    const { tops, tests, groups, trees } = this.parts;
    const topByNode = new Map<number, number>();
    for (const node of cut.tops) {
      topByNode.set(node, tops.length + 1);
      tops.push({ above: topByNode.get(cut.parent[node] as number) ?? 0, column: tree.column[node] as number, threshold: tree.threshold[node] as number });
    }
    for (const group of cut.groups) {
      for (const node of group.tests) tests.push({ column: tree.column[node] as number, threshold: tree.threshold[node] as number });
      groups.push({ above: topByNode.get(cut.parent[group.root] as number) ?? 0, tests: group.tests.length, features: group.features, table: tabulate(tree, shares, cut.parent, group) });
    }
    trees.push({ topsEnd: tops.length + 1, groupsEnd: groups.length });
    return true;
  }

  /** Lays everything out for `addTo`; no tree can be added afterwards. */
  seal(): void {
    this.plan = layOut(this.parts);
    this.parts = noParts();
  }

  /** Adds the contributions of all trees to every row of the block, tree by tree, so that a tree's tables stay in the cache. */
  addTo(block: RowBlock): void {
    const { treeTopsEnd, treeGroupsEnd } = this.plan;
    for (let tree = 0; tree < treeTopsEnd.length; tree++) {
      const place: TreePlace = {
        topsFrom: tree === 0 ? 1 : (treeTopsEnd[tree - 1] as number), topsEnd: treeTopsEnd[tree] as number,
        groupsFrom: tree === 0 ? 0 : (treeGroupsEnd[tree - 1] as number), groupsEnd: treeGroupsEnd[tree] as number,
      };
      for (let row = 0; row < block.rows; row++) this.addTree(place, block, row);
    }
  }

  private addTree({ topsFrom, topsEnd, groupsFrom, groupsEnd }: TreePlace, block: RowBlock, row: number): void {
    const { topAbove, topColumn, topThreshold, topBits, testColumn, testThreshold, groupAbove, groupTestsFrom, groupTable, groupFeaturesFrom, features, table } = this.plan;
    const { columns, contributions } = block;
    const firstColumn = row * block.columnCount;
    const firstInput = row * block.inputs;
    for (let top = topsFrom; top < topsEnd; top++) {
      const less = +((columns[firstColumn + (topColumn[top] as number)] as number) < (topThreshold[top] as number));
      topBits[top] = ((topBits[topAbove[top] as number] as number) << 1) | less;
    }
    for (let group = groupsFrom; group < groupsEnd; group++) {
      let bits = topBits[groupAbove[group] as number] as number;
      const testsEnd = groupTestsFrom[group + 1] as number;
      for (let test = groupTestsFrom[group] as number; test < testsEnd; test++) {
        bits = (bits << 1) | +((columns[firstColumn + (testColumn[test] as number)] as number) < (testThreshold[test] as number));
      }
      const featuresEnd = groupFeaturesFrom[group + 1] as number;
      let feature = groupFeaturesFrom[group] as number;
      for (let at = (groupTable[group] as number) + bits * (featuresEnd - feature); feature < featuresEnd; feature++, at++) {
        const input = firstInput + (features[feature] as number);
        contributions[input] = (contributions[input] as number) + (table[at] as number);
      }
    }
  }
}

interface TreePlace {
  readonly topsFrom: number;
  readonly topsEnd: number;
  readonly groupsFrom: number;
  readonly groupsEnd: number;
}

/** Everything `addTo` reads, in the order it is read. Entry 0 of the tops stands for no test above. */
interface Plan {
  readonly treeTopsEnd: Int32Array;
  readonly treeGroupsEnd: Int32Array;
  readonly topAbove: Int32Array;
  readonly topColumn: Int32Array;
  readonly topThreshold: Float64Array;
  readonly topBits: Int32Array;
  readonly testColumn: Int32Array;
  readonly testThreshold: Float64Array;
  readonly groupAbove: Int32Array;
  /** One entry more than groups; so the next entry is the end. */
  readonly groupTestsFrom: Int32Array;
  readonly groupTable: Int32Array;
  readonly groupFeaturesFrom: Int32Array;
  readonly features: Int32Array;
  readonly table: Float64Array;
}

interface Parts {
  readonly tops: { readonly above: number; readonly column: number; readonly threshold: number }[];
  readonly tests: { readonly column: number; readonly threshold: number }[];
  readonly groups: { readonly above: number; readonly tests: number; readonly features: readonly number[]; readonly table: Float64Array }[];
  readonly trees: { readonly topsEnd: number; readonly groupsEnd: number }[];
}

const noParts = (): Parts => ({ tops: [], tests: [], groups: [], trees: [] });

function layOut({ tops, tests, groups, trees }: Parts): Plan {
  const plan: Plan = {
    treeTopsEnd: Int32Array.from(trees, (tree) => tree.topsEnd),
    treeGroupsEnd: Int32Array.from(trees, (tree) => tree.groupsEnd),
    topAbove: Int32Array.from([0, ...tops.map((top) => top.above)]),
    topColumn: Int32Array.from([0, ...tops.map((top) => top.column)]),
    topThreshold: Float64Array.from([0, ...tops.map((top) => top.threshold)]),
    topBits: new Int32Array(tops.length + 1),
    testColumn: Int32Array.from(tests, (test) => test.column),
    testThreshold: Float64Array.from(tests, (test) => test.threshold),
    groupAbove: Int32Array.from(groups, (group) => group.above),
    groupTestsFrom: new Int32Array(groups.length + 1),
    groupTable: new Int32Array(groups.length),
    groupFeaturesFrom: new Int32Array(groups.length + 1),
    features: Int32Array.from(groups.flatMap((group) => group.features)),
    table: new Float64Array(groups.reduce((sum, group) => sum + group.table.length, 0)),
  };
  let table = 0;
  groups.forEach((group, index) => {
    plan.groupTestsFrom[index + 1] = (plan.groupTestsFrom[index] as number) + group.tests;
    plan.groupFeaturesFrom[index + 1] = (plan.groupFeaturesFrom[index] as number) + group.features.length;
    plan.groupTable[index] = table;
    plan.table.set(group.table, table);
    table += group.table.length;
  });
  return plan;
}

interface Group {
  readonly root: number;
  /** Inner nodes of the subtree, in preorder: the lower bits, first is highest. */
  readonly tests: readonly number[];
  readonly leaves: readonly number[];
  /** Features tested in the subtree or above, ascending: the columns of the table. */
  readonly features: readonly number[];
}

/** Cuts a tree into the largest subtrees whose tests, with those of the path above, are at most `bitsMax`. */
class TreeCut {
  readonly tops: number[] = [];
  readonly groups: Group[] = [];
  readonly parent: Int32Array;
  fits = true;
  /** Numbers in all tables. */
  numbers = 0;
  /** By node: the first node behind its subtree; by node: inner nodes in it. */
  private readonly end: Int32Array;
  private readonly inner: Int32Array;

  constructor(private readonly tree: Tree) {
    const nodes = tree.feature.length;
    this.parent = new Int32Array(nodes).fill(-1);
    this.end = new Int32Array(nodes);
    this.inner = new Int32Array(nodes);
    for (let node = nodes - 1; node >= 0; node--) this.measure(node);
    this.cut(0);
  }

  private measure(node: number): void {
    this.end[node] = node + 1;
    if ((this.tree.feature[node] as number) < 0) return;
    const [less, other] = [this.tree.lessChild[node] as number, this.tree.otherChild[node] as number];
    this.parent[less] = node;
    this.parent[other] = node;
    this.end[node] = Math.max(this.end[less] as number, this.end[other] as number);
    this.inner[node] = 1 + (this.inner[less] as number) + (this.inner[other] as number);
  }

  /** Walks the tree in preorder, so that a top comes after the tops above it. */
  private cut(root: number): void {
    const open: { node: number; depth: number }[] = [{ node: root, depth: 0 }];
    for (let next = open.pop(); next !== undefined && this.fits; next = open.pop()) {
      const { node, depth } = next;
      if (depth + (this.inner[node] as number) <= bitsMax) this.addGroup(node, depth);
      else if (depth >= bitsMax) this.fits = false;
      else {
        this.tops.push(node);
        open.push({ node: this.tree.otherChild[node] as number, depth: depth + 1 }, { node: this.tree.lessChild[node] as number, depth: depth + 1 });
      }
    }
  }

  private addGroup(root: number, depth: number): void {
    const features = new Set<number>();
    const tests: number[] = [];
    const leaves: number[] = [];
    for (let node = this.parent[root] as number; node >= 0; node = this.parent[node] as number) features.add(this.tree.feature[node] as number);
    for (let node = root; node < (this.end[root] as number); node++) {
      const feature = this.tree.feature[node] as number;
      if (feature < 0) { leaves.push(node); continue; }
      features.add(feature);
      tests.push(node);
    }
    this.numbers += features.size * 2 ** (depth + tests.length);
    this.groups.push({ root, tests, leaves, features: [...features].sort((a, b) => a - b) });
  }
}

/** The contributions of a group's leaves by pattern of bits. */
function tabulate(tree: Tree, shares: Float64Array, parent: Int32Array, group: Group): Float64Array {
  const bitByNode = bitPositions(parent, group);
  const width = group.features.length;
  const patterns = 2 ** bitByNode.size;
  const table = new Float64Array(width * patterns);
  for (const leaf of group.leaves) {
    const path = pathOf(tree, shares, { parent, leaf, bitByNode });
    const byMask = contributionsByMask(path, tree.value[leaf] as number);
    const columns = path.map((step) => group.features.indexOf(step.feature));
    for (let pattern = 0; pattern < patterns; pattern++) {
      let mask = 0;
      for (let index = 0; index < path.length; index++) {
        const step = path[index] as PathStep;
        if ((pattern & step.bits) === step.followed) mask |= 1 << index;
      }
      for (let index = 0; index < path.length; index++) {
        const at = pattern * width + (columns[index] as number);
        table[at] = (table[at] as number) + (byMask[mask * path.length + index] as number);
      }
    }
  }
  return table;
}

/** The bit of every test, as `addTo` shifts them together: the path above from the root on, then the subtree in preorder. */
function bitPositions(parent: Int32Array, group: Group): Map<number, number> {
  const above: number[] = [];
  for (let node = parent[group.root] as number; node >= 0; node = parent[node] as number) above.unshift(node);
  const order = [...above, ...group.tests];
  return new Map(order.map((node, index) => [node, order.length - 1 - index]));
}

interface PathStep {
  readonly feature: number;
  /** Bits of the path's tests on the feature, and what they are when the row follows all of them. */
  bits: number;
  followed: number;
  /** Product of their cover shares. */
  coldShare: number;
}

/** A leaf's path, one step a feature. */
function pathOf(tree: Tree, shares: Float64Array, place: { parent: Int32Array; leaf: number; bitByNode: ReadonlyMap<number, number> }): PathStep[] {
  const stepByFeature = new Map<number, PathStep>();
  for (let node = place.leaf; (place.parent[node] as number) >= 0; node = place.parent[node] as number) {
    const above = place.parent[node] as number;
    const feature = tree.feature[above] as number;
    const step = stepByFeature.get(feature) ?? { feature, bits: 0, followed: 0, coldShare: 1 };
    const bit = 1 << (place.bitByNode.get(above) as number);
    step.bits |= bit;
    if (tree.lessChild[above] === node) step.followed |= bit;
    step.coldShare *= shares[node] as number;
    stepByFeature.set(feature, step);
  }
  return [...stepByFeature.values()];
}

/** Shapley values of v · Π o · Π z for every combination of o, by the integral that `PathContributions` explains. */
function contributionsByMask(path: readonly PathStep[], value: number): Float64Array {
  const size = path.length;
  const byMask = new Float64Array(size * 2 ** size);
  const cold = Float64Array.from(path, (step) => step.coldShare);
  const factors = new Float64Array(size);
  const { points, weights } = gaussLegendre(Math.max(1, Math.ceil(size / 2)));
  for (let mask = 0; mask < 2 ** size; mask++) {
    for (let point = 0; point < points.length; point++) {
      const t = points[point] as number;
      let product = value * (weights[point] as number);
      for (let index = 0; index < size; index++) {
        factors[index] = ((mask >> index) & 1) * t + (cold[index] as number) * (1 - t);
        product *= factors[index] as number;
      }
      if (product === 0) break; // o and z are both 0 somewhere: the leaf is worth nothing at any point
      for (let index = 0; index < size; index++) {
        const at = mask * size + index;
        byMask[at] = (byMask[at] as number) + (product / (factors[index] as number)) * (((mask >> index) & 1) - (cold[index] as number));
      }
    }
  }
  return byMask;
}
