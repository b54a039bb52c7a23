import { gaussLegendre } from './quadrature';
import type { Tree } from './tree-ensemble';

/** Outcomes of a group's tests are a number of at most this many bits: 256 rows a table. */
const bitsMax = 8;
/** Memory of all tables of one explainer. */
export const tableBytesDefault = 64 * 1024 * 1024;
/** A tree whose tables would be larger is left to the general method. */
const treeNumbersMax = 32_768;

/**
 * TreeSHAP by lookup. A tree is cut into groups: a subtree with the path above it. The contributions of a group's leaves
 * depend on the row only through the outcomes of the tests inside the subtree and on its path, a few bits; so they are
 * summed beforehand for every pattern of bits. A row costs a comparison a node and a row of a table a group.
 */
export class TabulatedTrees {
  private numbersLeft: number;
  private readonly tops: { above: number; column: number; threshold: number }[] = [];
  private readonly tests: { column: number; threshold: number }[] = [];
  private readonly groups: { above: number; tests: number; features: readonly number[]; table: Float64Array }[] = [];
  private plan: Plan = emptyPlan();

  constructor(tableBytesMax = tableBytesDefault) {
    this.numbersLeft = Math.floor(tableBytesMax / Float64Array.BYTES_PER_ELEMENT);
  }

  /** False when the tree is too deep or the memory is used up; then nothing was added. */
  tryAdd(tree: Tree, shares: Float64Array): boolean {
    const cut = new TreeCut(tree);
    if (!cut.fits || cut.numbers > Math.min(treeNumbersMax, this.numbersLeft)) return false;
    this.numbersLeft -= cut.numbers;
    const topByNode = new Map<number, number>();
    for (const node of cut.tops) {
      topByNode.set(node, this.tops.length + 1);
      this.tops.push({ above: topByNode.get(cut.parent[node] as number) ?? 0, column: tree.column[node] as number, threshold: tree.threshold[node] as number });
    }
    for (const group of cut.groups) {
      for (const node of group.tests) this.tests.push({ column: tree.column[node] as number, threshold: tree.threshold[node] as number });
      this.groups.push({ above: topByNode.get(cut.parent[group.root] as number) ?? 0, tests: group.tests.length, features: group.features, table: tabulate(tree, shares, cut.parent, group) });
    }
    return true;
  }

  /** Lays everything out for `addTo`; no tree can be added afterwards. */
  seal(): void {
    this.plan = layOut(this.tops, this.tests, this.groups);
    this.groups.length = 0;
  }

  addTo(contributions: Float64Array, columns: Float64Array): void {
    const { topAbove, topColumn, topThreshold, topBits, testColumn, testThreshold, groupAbove, groupTestsEnd, groupTable, groupFeaturesEnd, features, table } = this.plan;
    for (let top = 1; top < topAbove.length; top++) {
      const less = (columns[topColumn[top] as number] as number) < (topThreshold[top] as number) ? 1 : 0;
      topBits[top] = ((topBits[topAbove[top] as number] as number) << 1) | less;
    }
    let test = 0;
    let feature = 0;
    for (let group = 0; group < groupAbove.length; group++) {
      let bits = topBits[groupAbove[group] as number] as number;
      for (const end = groupTestsEnd[group] as number; test < end; test++) {
        bits = (bits << 1) | ((columns[testColumn[test] as number] as number) < (testThreshold[test] as number) ? 1 : 0);
      }
      const end = groupFeaturesEnd[group] as number;
      let at = (groupTable[group] as number) + bits * (end - feature);
      for (; feature < end; feature++, at++) {
        const input = features[feature] as number;
        contributions[input] = (contributions[input] as number) + (table[at] as number);
      }
    }
  }
}

/** Everything `addTo` reads, in the order it is read. Entry 0 of the tops stands for no test above. */
interface Plan {
  readonly topAbove: Int32Array;
  readonly topColumn: Int32Array;
  readonly topThreshold: Float64Array;
  readonly topBits: Int32Array;
  readonly testColumn: Int32Array;
  readonly testThreshold: Float64Array;
  readonly groupAbove: Int32Array;
  readonly groupTestsEnd: Int32Array;
  readonly groupTable: Int32Array;
  readonly groupFeaturesEnd: Int32Array;
  readonly features: Int32Array;
  readonly table: Float64Array;
}

const emptyPlan = (): Plan => layOut([], [], []);

function layOut(
  tops: readonly { above: number; column: number; threshold: number }[],
  tests: readonly { column: number; threshold: number }[],
  groups: readonly { above: number; tests: number; features: readonly number[]; table: Float64Array }[],
): Plan {
  const plan: Plan = {
    topAbove: Int32Array.from([0, ...tops.map((top) => top.above)]),
    topColumn: Int32Array.from([0, ...tops.map((top) => top.column)]),
    topThreshold: Float64Array.from([0, ...tops.map((top) => top.threshold)]),
    topBits: new Int32Array(tops.length + 1),
    testColumn: Int32Array.from(tests, (test) => test.column),
    testThreshold: Float64Array.from(tests, (test) => test.threshold),
    groupAbove: Int32Array.from(groups, (group) => group.above),
    groupTestsEnd: new Int32Array(groups.length),
    groupTable: new Int32Array(groups.length),
    groupFeaturesEnd: new Int32Array(groups.length),
    features: Int32Array.from(groups.flatMap((group) => group.features)),
    table: new Float64Array(groups.reduce((sum, group) => sum + group.table.length, 0)),
  };
  let [testsEnd, table, featuresEnd] = [0, 0, 0];
  groups.forEach((group, index) => {
    plan.groupTestsEnd[index] = testsEnd += group.tests;
    plan.groupFeaturesEnd[index] = featuresEnd += group.features.length;
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
  const table = new Float64Array(group.features.length * 2 ** bitByNode.size);
  const columnByFeature = new Map(group.features.map((feature, column) => [feature, column]));
  for (const leaf of group.leaves) {
    const path = pathOf(tree, shares, { parent, leaf, bitByNode });
    const byMask = contributionsByMask(path, tree.value[leaf] as number);
    const columns = path.map((step) => columnByFeature.get(step.feature) as number);
    for (let bits = 0; bits < 2 ** bitByNode.size; bits++) {
      const mask = path.reduce((sum, step, index) => sum | ((bits & step.bits) === step.followed ? 1 << index : 0), 0);
      columns.forEach((column, index) => {
        const at = bits * group.features.length + column;
        table[at] = (table[at] as number) + (byMask[mask * path.length + index] as number);
      });
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
  const { points, weights } = gaussLegendre(Math.max(1, Math.ceil(size / 2)));
  for (let mask = 0; mask < 2 ** size; mask++) {
    for (let point = 0; point < points.length; point++) {
      const t = points[point] as number;
      const factors = path.map((step, index) => ((mask >> index) & 1) * t + step.coldShare * (1 - t));
      const product = factors.reduce((whole, factor) => whole * factor, value * (weights[point] as number));
      if (product === 0) continue;
      factors.forEach((factor, index) => {
        const at = mask * size + index;
        byMask[at] = (byMask[at] as number) + (product / factor) * (((mask >> index) & 1) - (path[index] as PathStep).coldShare);
      });
    }
  }
  return byMask;
}
