import type { LineageGraph } from '../api/types';

/** Columns from what comes in to what decides, each with its kinds from top to bottom. */
const columnKinds = [['source', 'table'], ['field', 'entity'], ['view', 'list'], ['feature'], ['service', 'pattern'], ['model', 'rule'], ['policy']] as const;

export const box = { width: 176, height: 24, gapX: 44, gapY: 6, top: 26 } as const;
/** Nodes drawn in a column; the rest is counted. */
export const columnMax = 60;

export interface PlacedNode { readonly id: string; readonly kind: string; readonly name: string; readonly x: number; readonly y: number }
export interface Drawing {
  readonly width: number; readonly height: number;
  readonly columns: ReadonlyArray<{ readonly title: string; readonly x: number }>;
  readonly nodes: readonly PlacedNode[];
  readonly edges: ReadonlyArray<{ readonly from: PlacedNode; readonly to: PlacedNode }>;
}

/** Definitions alone: a field stands for its source, a feature for its view. */
export function definitionsOnly({ nodes, edges }: LineageGraph): LineageGraph {
  const owner = (id: string): string => id.replace(/^field:([^.]+)\..*$/, 'source:$1').replace(/^feature:([^.]+)\..*$/, 'view:$1');
  const seen = new Map<string, { from: string; to: string }>();
  for (const edge of edges) {
    const from = owner(edge.from), to = owner(edge.to);
    if (from !== to) seen.set(`${from} ${to}`, { from, to });
  }
  return { nodes: nodes.filter(({ kind }) => kind !== 'field' && kind !== 'feature'), edges: [...seen.values()] };
}

/** In a column, nodes of one kind stand together, each near what they are made of, so that few lines cross. */
export function layOut({ nodes, edges }: LineageGraph): Drawing {
  const rankOf = new Map<string, number>(), placed = new Map<string, PlacedNode>(), madeOf = new Map<string, string[]>();
  for (const { from, to } of edges) madeOf.set(to, [...(madeOf.get(to) ?? []), from]);
  const columns: { title: string; x: number }[] = [];
  for (const kinds of columnKinds) {
    const ofColumn = kinds.flatMap((kind) => sortedByRank(nodes.filter((node) => node.kind === kind), madeOf, rankOf)), x = columns.length * (box.width + box.gapX);
    if (ofColumn.length === 0) continue;
    ofColumn.forEach((node, index) => {
      rankOf.set(node.id, (index + 0.5) / ofColumn.length);
      if (index < columnMax) placed.set(node.id, { ...node, x, y: box.top + index * (box.height + box.gapY) });
    });
    const title = kinds.flatMap((kind) => { const times = ofColumn.filter((node) => node.kind === kind).length; return times === 0 ? [] : [`${times} ${times === 1 ? kind : plural(kind)}`]; }).join(', ');
    columns.push({ x, title: ofColumn.length > columnMax ? `${title}: ${columnMax} drawn` : title });
  }
  const drawn = [...placed.values()];
  return {
    columns, nodes: drawn, width: columns.length * (box.width + box.gapX) - box.gapX, height: drawn.reduce<number>((low, { y }) => Math.max(low, y + box.height), box.top) + box.height,
    edges: edges.flatMap((edge) => { const from = placed.get(edge.from), to = placed.get(edge.to); return from === undefined || to === undefined ? [] : [{ from, to }]; }),
  };
}

function sortedByRank(nodes: LineageGraph['nodes'], madeOf: ReadonlyMap<string, readonly string[]>, rankOf: ReadonlyMap<string, number>): LineageGraph['nodes'] {
  const rank = (id: string): number => {
    const ranks = (madeOf.get(id) ?? []).flatMap((from) => rankOf.get(from) ?? []);
    return ranks.length === 0 ? Infinity : ranks.reduce((sum, each) => sum + each, 0) / ranks.length;
  };
  return nodes.map((node) => ({ node, at: rank(node.id) })).toSorted((a, b) => (a.at === b.at ? a.node.name.localeCompare(b.node.name) : a.at - b.at)).map(({ node }) => node);
}

const plural = (kind: string): string => (kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`);
