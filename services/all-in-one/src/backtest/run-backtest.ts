import type { DefinitionSet } from '@weir/definitions';
import { Comparison, type ChangedCase } from './comparison';
import { reportOf, type BacktestReport, type ShownCase } from './report';
import type { SidePair } from './shared-sides';
import type { SideTotals } from './side-batch';
import type { Way } from './thread-pair';

/** Transactions shown per kind of change, unless asked otherwise. */
export const examplesDefault = 10;

/** A lane to be run by both sides, and how. */
export interface LanePair { readonly way: Way['kind']; readonly open: () => SidePair }

export interface BacktestOptions {
  /** Lane by lane, made when its turn has come. */
  readonly lanes: Iterable<LanePair>;
  readonly changed: DefinitionSet;
  readonly fromMs: number;
  readonly toMs: number;
  readonly examples?: number;
  /** Called with how many records have been through. */
  readonly progress?: (records: number) => void;
}

/** Runs both sides of every lane beside each other and reports what the change does. @throws what a side throws. */
export async function runBacktest(options: BacktestOptions): Promise<BacktestReport> {
  const startedAtMs = performance.now();
  const comparison = new Comparison({ examplesMax: options.examples ?? examplesDefault });
  const shown: ShownCase[] = [];
  const before: SideTotals[] = [], after: SideTotals[] = [], ways = new Set<Way['kind']>();
  for (const { way, open } of options.lanes) {
    const pair = open();
    ways.add(way);
    comparison.beginSides();
    try {
      await runLane(pair, comparison, shown, options);
      const [one, other] = await pair.totals();
      before.push(one);
      after.push(other);
    } finally {
      await pair.close();
    }
  }
  return reportOf({ ways: [...ways], comparison, shown, before, after, changed: options.changed, fromMs: options.fromMs, toMs: options.toMs, tookMs: performance.now() - startedAtMs });
}

async function runLane(pair: SidePair, comparison: Comparison, shown: ShownCase[], { progress }: BacktestOptions): Promise<void> {
  for (;;) {
    const batch = await pair.next();
    if (batch === undefined) return;
    const [one, other] = batch;
    const changed = comparison.add(one, other);
    if (changed.length > 0) shown.push(...await explained(pair, changed));
    progress?.(comparison.records);
  }
}

async function explained(pair: SidePair, changed: readonly ChangedCase[]): Promise<ShownCase[]> {
  const offsets = changed.map(({ offset }) => offset);
  const [before, after] = (await pair.details(offsets)).map((details) => new Map(details.map((detail) => [detail.offset, detail])));
  return changed.flatMap(({ offset, label, amount }) => {
    const one = before?.get(offset), other = after?.get(offset);
    return one === undefined || other === undefined ? [] : [{ before: one, after: other, label, amount }];
  });
}
