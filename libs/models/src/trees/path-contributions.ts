import { gaussLegendre } from './quadrature';
import type { RowBlock } from './row-block';
import type { Tree } from './tree-ensemble';

/**
 * Path-dependent TreeSHAP of one tree without unwinding, O(nodes · depth / 2) a row.
 *
 * A leaf of value v whose path tests D features is the game v · Π o_i (i in S) · Π z_i (others): o_i is 1 when the row
 * follows all of the path's tests on feature i, z_i the product of their cover shares. Its Shapley value is
 *   v (o_i − z_i) ∫₀¹ Π_{j≠i} (o_j t + z_j (1 − t)) dt,
 * an integral of a polynomial of degree D − 1, which ⌈D/2⌉ Gauss–Legendre points give exactly; all terms are positive, so
 * nothing cancels, and 0/0 cannot arise. The products are carried down the tree at every point, the leaves' sums up; where a
 * feature comes again on a path its earlier factor is replaced. All factors depend on the row by o alone, so they are
 * prepared: each edge has three states, `follows` (o = 1), `leaves` (o = 0 here for the first time), `left` (0 before).
 */
export class PathContributions {
  private readonly nodes: number;
  private readonly pointCount: number;
  private readonly shape: TreeShape;
  /** Per point, node and state: by what the edge above the node multiplies the product. */
  private readonly ratio: Float64Array;
  /** Per point, node and state: what a unit of leaves' sum below gives to the edge's feature. */
  private readonly gain: Float64Array;
  private readonly product: Float64Array;
  private readonly below: Float64Array;
  private readonly given: Float64Array;
  private readonly state: Uint8Array;
  /** Nodes that can matter to the present row, parents first. */
  private readonly visited: Int32Array;

  constructor(private readonly tree: Tree, shares: Float64Array) {
    this.nodes = tree.feature.length;
    this.shape = new TreeShape(tree, shares);
    this.pointCount = Math.max(1, Math.ceil(this.shape.pathFeaturesMax / 2));
    this.ratio = new Float64Array(this.nodes * 3 * this.pointCount);
    this.gain = new Float64Array(this.nodes * 3 * this.pointCount);
    this.product = new Float64Array(this.nodes);
    this.below = new Float64Array(this.nodes);
    this.given = new Float64Array(this.nodes);
    this.state = new Uint8Array(this.nodes);
    this.visited = new Int32Array(this.nodes);
    this.prepare();
  }

  /** Adds the tree's contributions to every row of the block. */
  addTo(block: RowBlock): void {
    for (let row = 0; row < block.rows; row++) {
      const count = this.visit(block, row);
      for (let point = 0; point < this.pointCount; point++) this.integrate(point, count);
      this.give(block, row, count);
    }
  }

  /** States of the edges a row meets. Below an edge that it leaves and no background row takes, every leaf is worth nothing. */
  private visit(block: RowBlock, row: number): number {
    const { tree, state, visited } = this;
    const { parent, earlier, end, coldShare } = this.shape;
    const firstColumn = row * block.columnCount;
    let count = 0;
    for (let node = 1; node < this.nodes; ) {
      const above = parent[node] as number;
      const less = (block.columns[firstColumn + (tree.column[above] as number)] as number) < (tree.threshold[above] as number);
      const follows = less === (tree.lessChild[above] === node);
      const own = (state[earlier[node] as number] as number) !== 0 ? 2 : follows ? 0 : 1;
      state[node] = own;
      if (own !== 0 && coldShare[node] === 0) { node = end[node] as number; continue; }
      visited[count++] = node;
      node++;
    }
    return count;
  }

  /** One point: products down, leaves' sums up. */
  private integrate(point: number, count: number): void {
    const { product, below, given, state, visited, ratio, gain, tree } = this;
    const { parent } = this.shape;
    const first = point * this.nodes * 3;
    product[0] = 1;
    for (let place = 0; place < count; place++) {
      const node = visited[place] as number;
      const own = (product[parent[node] as number] as number) * (ratio[first + node * 3 + (state[node] as number)] as number);
      product[node] = own;
      below[node] = own * (tree.value[node] as number);
    }
    for (let place = count - 1; place >= 0; place--) {
      const node = visited[place] as number;
      const above = parent[node] as number;
      const sum = below[node] as number;
      below[above] = (below[above] as number) + sum;
      given[node] = (given[node] as number) + sum * (gain[first + node * 3 + (state[node] as number)] as number);
    }
  }

  private give(block: RowBlock, row: number, count: number): void {
    const { visited, given, tree } = this;
    const firstInput = row * block.inputs;
    for (let place = 0; place < count; place++) {
      const node = visited[place] as number;
      const at = firstInput + (tree.feature[this.shape.parent[node] as number] as number);
      block.contributions[at] = (block.contributions[at] as number) + (given[node] as number);
      given[node] = 0;
    }
  }

  private prepare(): void {
    const { points, weights } = gaussLegendre(this.pointCount);
    const { earlier, coldShare } = this.shape;
    for (let node = 1; node < this.nodes; node++) {
      const before = earlier[node] as number;
      const z = coldShare[node] as number;
      const zBefore = before === 0 ? 1 : (coldShare[before] as number);
      for (let state = 0; state < 3; state++) {
        const o = state === 0 ? 1 : 0;
        const oBefore = state === 2 ? 0 : 1;
        for (let point = 0; point < this.pointCount; point++) {
          const t = points[point] as number;
          const factor = o * t + z * (1 - t);
          const factorBefore = before === 0 ? 1 : oBefore * t + zBefore * (1 - t);
          const gainBefore = before === 0 ? 0 : quotient(oBefore - zBefore, factorBefore);
          const at = (point * this.nodes + node) * 3 + state;
          this.ratio[at] = quotient(factor, factorBefore);
          this.gain[at] = (weights[point] as number) * (quotient(o - z, factor) - gainBefore);
        }
      }
    }
  }
}

/** A factor is 0 only where o and z both are; the leaves below are then worth nothing to anyone. */
const quotient = (above: number, below: number): number => (below === 0 ? 0 : above / below);

/** What the paths of a tree look like, whatever the row. */
class TreeShape {
  readonly parent: Int32Array;
  /** Per node: the last edge above its own on the same feature, named by its lower node; 0 when there is none. */
  readonly earlier: Int32Array;
  /** Per node: the first node behind its subtree. */
  readonly end: Int32Array;
  /** Per node: product of the cover shares of the edges above it, its own included, that test the same feature. */
  readonly coldShare: Float64Array;
  /** Most different features on one path. */
  readonly pathFeaturesMax: number;

  constructor(tree: Tree, shares: Float64Array) {
    const nodes = tree.feature.length;
    this.parent = new Int32Array(nodes);
    this.earlier = new Int32Array(nodes);
    this.end = Int32Array.from({ length: nodes }, (_, node) => node + 1);
    this.coldShare = new Float64Array(nodes).fill(1);
    const features = new Int32Array(nodes);
    let most = 0;
    for (let node = 0; node < nodes; node++) {
      if ((tree.feature[node] as number) < 0) continue;
      for (const child of [tree.lessChild[node] as number, tree.otherChild[node] as number]) {
        this.parent[child] = node;
        const earlier = this.edgeAbove(tree, node, tree.feature[node] as number);
        this.earlier[child] = earlier;
        this.coldShare[child] = (shares[child] as number) * (earlier === 0 ? 1 : (this.coldShare[earlier] as number));
        features[child] = (features[node] as number) + (earlier === 0 ? 1 : 0);
        most = Math.max(most, features[child] as number);
      }
    }
    this.pathFeaturesMax = most;
    for (let node = nodes - 1; node > 0; node--) {
      const above = this.parent[node] as number;
      this.end[above] = Math.max(this.end[above] as number, this.end[node] as number);
    }
  }

  private edgeAbove(tree: Tree, from: number, feature: number): number {
    for (let node = from; node > 0; node = this.parent[node] as number) {
      if (tree.feature[this.parent[node] as number] === feature) return node;
    }
    return 0;
  }
}
