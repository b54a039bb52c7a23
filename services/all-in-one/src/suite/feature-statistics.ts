import { isNumericType, statusCode, type Decision, type FeatureLayout, type FeatureVector } from '@weir/contracts';
import type { FeatureStatistics } from '@weir/gateway';

/** Newest values kept per feature: figures are of these. */
const sampleMax = 4_096;

interface Column { readonly values: Float64Array; size: number; next: number; missing: number; seen: number; lastUpdatedMs: number | null; readonly others: Map<string, number> }
const distinctOthersMax = 1_024;

/**
 * Figures of each feature over its newest values, as decisions saw them. Fed batch by batch beside the path; nothing that decides reads it.
 */
export class FeatureStatisticsTable {
  private readonly columnByName = new Map<string, Column>();

  /** Every `stride`-th decision of a batch is enough for figures; others are passed over. */
  add(rows: ReadonlyArray<{ readonly decision: Decision }>, atMs: number): void {
    const stride = Math.max(1, Math.floor(rows.length / 64));
    for (let index = 0; index < rows.length; index += stride) this.addVector((rows[index] as { decision: Decision }).decision.verdict.vector, atMs);
  }

  private addVector(vector: FeatureVector, atMs: number): void {
    const { layout, numbers, statuses, others } = vector;
    const columns = this.columns(layout);
    for (let slot = 0; slot < columns.length; slot++) {
      const column = columns[slot] as Column;
      column.seen += 1;
      column.lastUpdatedMs = atMs;
      if ((statuses[slot] ?? 0) < statusCode.WARMING || statuses[slot] === statusCode.NULL_VALUE) { column.missing += 1; continue; }
      if (isNumericType(layout.types[slot] ?? 'string')) {
        column.values[column.next] = numbers[slot] as number;
        column.next = (column.next + 1) % sampleMax;
        column.size = Math.min(sampleMax, column.size + 1);
      } else if (column.others.size < distinctOthersMax) {
        const text = JSON.stringify(others[slot] ?? null);
        column.others.set(text, (column.others.get(text) ?? 0) + 1);
      }
    }
  }

  private readonly columnsByLayout = new WeakMap<FeatureLayout, readonly Column[]>();
  private columns(layout: FeatureLayout): readonly Column[] {
    let columns = this.columnsByLayout.get(layout);
    if (columns === undefined) {
      columns = layout.names.map((name) => {
        let column = this.columnByName.get(name);
        if (column === undefined) this.columnByName.set(name, (column = { values: new Float64Array(sampleMax), size: 0, next: 0, missing: 0, seen: 0, lastUpdatedMs: null, others: new Map() }));
        return column;
      });
      this.columnsByLayout.set(layout, columns);
    }
    return columns;
  }

  /** All features, or the one named; empty when there is none of the name. */
  read(feature: string | undefined): FeatureStatistics[] {
    return [...this.columnByName].filter(([name]) => feature === undefined || name === feature).map(([name, column]) => figures(name, column));
  }
}

function figures(feature: string, column: Column): FeatureStatistics {
  const sorted = column.values.slice(0, column.size).sort();
  const count = sorted.length;
  const mean = count === 0 ? null : sorted.reduce((sum, value) => sum + value, 0) / count;
  const std = mean === null || count < 2 ? null : Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1));
  return {
    feature, count: column.seen, mean, std, min: sorted[0] ?? null, max: sorted[count - 1] ?? null, p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99),
    missingRate: column.seen === 0 ? null : column.missing / column.seen, distinct: column.others.size > 0 ? column.others.size : new Set(sorted).size, lastUpdatedMs: column.lastUpdatedMs,
  };
}

/** Linear interpolation between closest ranks. */
function quantile(sorted: Float64Array, share: number): number | null {
  if (sorted.length === 0) return null;
  const rank = share * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] as number;
  const high = sorted[Math.ceil(rank)] as number;
  return low + (high - low) * (rank - Math.floor(rank));
}
