import { gaussLegendre } from './quadrature';
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
  private readonly pointCount: number;
  /** Per node: the last edge above on the same feature, named by its lower node; 0 when there is none. */
  private readonly earlier: Int32Array;
  private readonly parent: Int32Array;
  /** Per node, state and point: by what the edge to it multiplies the product. */
  private readonly ratio: Float64Array;
  /** Per node, state and point: what a unit of leaves' sum below gives to the edge's feature. */
  private readonly gain: Float64Array;
  private readonly product: Float64Array;
  private readonly below: Float64Array;
  private readonly state: Uint8Array;

  constructor(private readonly tree: Tree, shares: Float64Array) {
    const nodes = tree.feature.length;
    const shape = new TreeShape(tree, shares);
    this.parent = shape.parent;
    this.earlier = shape.earlier;
    this.pointCount = Math.max(1, Math.ceil(shape.pathFeaturesMax / 2));
    this.ratio = new Float64Array(nodes * 3 * this.pointCount);
    this.gain = new Float64Array(nodes * 3 * this.pointCount);
    this.product = new Float64Array(nodes * this.pointCount);
    this.below = new Float64Array(nodes * this.pointCount);
    this.state = new Uint8Array(nodes);
    this.prepare(shape.coldShare);
  }

  /** Adds the tree's contributions for a row whose columns are given. */
  addTo(contributions: Float64Array, columns: Float64Array): void {
    this.descend(columns);
    this.ascend(contributions);
  }

  private descend(columns: Float64Array): void {
    const { tree, pointCount, product, state, ratio } = this;
    const nodes = tree.feature.length;
    product.fill(1, 0, pointCount);
    for (let node = 1; node < nodes; node++) {
      const parent = this.parent[node] as number;
      const less = (columns[tree.column[parent] as number] as number) < (tree.threshold[parent] as number);
      const follows = less === (tree.lessChild[parent] === node);
      const earlierState = state[this.earlier[node] as number] as number;
      const own = earlierState !== 0 ? 2 : follows ? 0 : 1;
      state[node] = own;
      for (let point = 0, at = node * pointCount, above = parent * pointCount, factor = (node * 3 + own) * pointCount; point < pointCount; point++) {
        product[at + point] = (product[above + point] as number) * (ratio[factor + point] as number);
      }
    }
  }

  private ascend(contributions: Float64Array): void {
    const { tree, pointCount, product, below, state, gain } = this;
    const nodes = tree.feature.length;
    for (let at = 0; at < nodes * pointCount; at++) below[at] = 0;
    for (let node = nodes - 1; node > 0; node--) {
      const parent = this.parent[node] as number;
      const isLeaf = (tree.feature[node] as number) < 0;
      const value = tree.value[node] as number;
      let given = 0;
      for (let point = 0, at = node * pointCount, above = parent * pointCount, factor = (node * 3 + (state[node] as number)) * pointCount; point < pointCount; point++) {
        const sum = isLeaf ? value * (product[at + point] as number) : (below[at + point] as number);
        below[above + point] = (below[above + point] as number) + sum;
        given += sum * (gain[factor + point] as number);
      }
      const feature = tree.feature[parent] as number;
      contributions[feature] = (contributions[feature] as number) + given;
    }
  }

  private prepare(coldShare: Float64Array): void {
    const { points, weights } = gaussLegendre(this.pointCount);
    for (let node = 1; node < coldShare.length; node++) {
      const earlier = this.earlier[node] as number;
      const z = coldShare[node] as number;
      const zEarlier = earlier === 0 ? 1 : (coldShare[earlier] as number);
      for (let state = 0; state < 3; state++) {
        const o = state === 0 ? 1 : 0;
        const oEarlier = state === 2 ? 0 : 1;
        for (let point = 0; point < this.pointCount; point++) {
          const t = points[point] as number;
          const factor = o * t + z * (1 - t);
          const factorEarlier = earlier === 0 ? 1 : oEarlier * t + zEarlier * (1 - t);
          const gainEarlier = earlier === 0 ? 0 : quotient(oEarlier - zEarlier, factorEarlier);
          const at = (node * 3 + state) * this.pointCount + point;
          this.ratio[at] = quotient(factor, factorEarlier);
          this.gain[at] = (weights[point] as number) * (quotient(o - z, factor) - gainEarlier);
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
  readonly earlier: Int32Array;
  /** Per node: product of the cover shares of the edges above it, its own included, that test the same feature. */
  readonly coldShare: Float64Array;
  /** Most different features on one path. */
  readonly pathFeaturesMax: number;

  constructor(tree: Tree, shares: Float64Array) {
    const nodes = tree.feature.length;
    this.parent = new Int32Array(nodes);
    this.earlier = new Int32Array(nodes);
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
  }

  private edgeAbove(tree: Tree, from: number, feature: number): number {
    for (let node = from; node > 0; node = this.parent[node] as number) {
      if (tree.feature[this.parent[node] as number] === feature) return node;
    }
    return 0;
  }
}
