/** A decided transaction whose truth is known by now. */
export interface Scored {
  readonly score: number;
  readonly fraud: boolean;
  /** How many transactions it stands for, where it is one of a sample; default 1. A row of weight 2 counts as two rows. */
  readonly weight?: number;
}

export const weightOf = ({ weight }: Scored): number => weight ?? 1;

/**
 * Area under the ROC curve: how often a fraud scores above a genuine transaction, ties half. NaN when one of them is absent.
 */
export function rocAuc(rows: readonly Scored[]): number {
  const { frauds, genuine } = totals(rows);
  if (frauds === 0 || genuine === 0) return Number.NaN;
  let rankSum = 0;
  let before = 0;
  for (const group of groupsByScore(rows, (a, b) => a - b)) {
    rankSum += group.frauds * (before + group.count / 2);
    before += group.count;
  }
  return (rankSum - (frauds * frauds) / 2) / (frauds * genuine);
}

/** Σ (recall − recall before) · precision over the thresholds, highest first; no interpolation. NaN without a fraud. */
export function averagePrecision(rows: readonly Scored[]): number {
  const { frauds } = totals(rows);
  if (frauds === 0) return Number.NaN;
  let [seen, found, sum] = [0, 0, 0];
  for (const group of groupsByScore(rows, (a, b) => b - a)) {
    seen += group.count;
    found += group.frauds;
    sum += (group.frauds / frauds) * (found / seen);
  }
  return sum;
}

/** Share of frauds among the `k` highest scores; ties in the order given. The last row may count in part. */
export function precisionAt(rows: readonly Scored[], k: number): number {
  let [looked, found] = [0, 0];
  for (const row of rows.toSorted((a, b) => b.score - a.score)) {
    const counted = Math.min(weightOf(row), k - looked);
    if (counted <= 0) break;
    looked += counted;
    if (row.fraud) found += counted;
  }
  return looked === 0 ? Number.NaN : found / looked;
}

export interface ScoredCard extends Scored {
  /** Any number or text that names the day. */
  readonly day: number;
  readonly card: string;
}

/**
 * What investigators who check `k` cards a day find: a card's score on a day is its highest; the share of frauds among the
 * k highest cards of each day, averaged over the days. A card found is not looked at again.
 * @source Fraud detection handbook, card precision top-k.
 */
export function cardPrecisionAt(rows: readonly ScoredCard[], k: number): { readonly mean: number; readonly byDay: ReadonlyMap<number, number> } {
  const found = new Set<string>();
  const byDay = new Map<number, number>();
  for (const [day, cards] of [...cardsByDay(rows)].sort(([one], [other]) => one - other)) {
    const open = [...cards].filter(([card]) => !found.has(card)).sort(([one, a], [other, b]) => b.score - a.score || (one < other ? -1 : 1)).slice(0, k);
    const frauds = open.filter(([, card]) => card.fraud);
    for (const [card] of frauds) found.add(card);
    byDay.set(day, open.length === 0 ? Number.NaN : frauds.length / k);
  }
  const values = [...byDay.values()].filter((value) => !Number.isNaN(value));
  return { mean: values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length, byDay };
}

function cardsByDay(rows: readonly ScoredCard[]): Map<number, Map<string, Scored>> {
  const byDay = new Map<number, Map<string, Scored>>();
  for (const { day, card, score, fraud } of rows) {
    let cards = byDay.get(day);
    if (cards === undefined) byDay.set(day, (cards = new Map()));
    const known = cards.get(card);
    cards.set(card, { score: Math.max(score, known?.score ?? Number.NEGATIVE_INFINITY), fraud: fraud || known?.fraud === true });
  }
  return byDay;
}

function groupsByScore(rows: readonly Scored[], order: (a: number, b: number) => number): { count: number; frauds: number }[] {
  const groups: { count: number; frauds: number }[] = [];
  let last: number | undefined;
  for (const { score, fraud, weight = 1 } of rows.toSorted((a, b) => order(a.score, b.score))) {
    if (score !== last) groups.push({ count: 0, frauds: 0 });
    last = score;
    const group = groups.at(-1);
    if (group === undefined) continue;
    group.count += weight;
    if (fraud) group.frauds += weight;
  }
  return groups;
}

function totals(rows: readonly Scored[]): { readonly frauds: number; readonly genuine: number } {
  let [frauds, genuine] = [0, 0];
  for (const row of rows) if (row.fraud) frauds += weightOf(row); else genuine += weightOf(row);
  return { frauds, genuine };
}
