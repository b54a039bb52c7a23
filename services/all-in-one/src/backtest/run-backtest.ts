import type { DefinitionSet } from '@weir/definitions';
import { Comparison, type ChangedCase } from './comparison';
import { reportOf, type BacktestReport, type ShownCase } from './report';
import type { Side, SideTotals } from './side-batch';

/** Transactions shown per kind of change, unless asked otherwise. */
export const examplesDefault = 10;
export const examplesMax = 1_000;

/** One lane run by both sides. */
export interface SidePair { readonly before: Side; readonly after: Side }

export interface BacktestOptions {
  /** Lane by lane, made when its turn has come. */
  readonly lanes: Iterable<() => SidePair>;
  readonly changed: DefinitionSet;
  readonly fromMs: number;
  readonly toMs: number;
  readonly examples?: number;
  /** Called with how many records have been through. */
  readonly progress?: (records: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs both sides of every lane beside each other and reports what the change does. @throws what a side throws; the abort signal's reason. */
export async function runBacktest(options: BacktestOptions): Promise<BacktestReport> {
  const startedAtMs = performance.now();
  const comparison = new Comparison({ examplesMax: options.examples ?? examplesDefault });
  const shown: ShownCase[] = [];
  const before: SideTotals[] = [], after: SideTotals[] = [];
  for (const open of options.lanes) {
    const pair = open();
    try {
      await runLane(pair, comparison, shown, options);
      before.push(await pair.before.totals());
      after.push(await pair.after.totals());
    } finally {
      await Promise.all([pair.before.close(), pair.after.close()]);
    }
  }
  return reportOf({ comparison, shown, before, after, changed: options.changed, fromMs: options.fromMs, toMs: options.toMs, tookMs: performance.now() - startedAtMs });
}

async function runLane(pair: SidePair, comparison: Comparison, shown: ShownCase[], { progress, signal }: BacktestOptions): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const [one, other] = await both(pair, (side) => side.next());
    if (one === undefined || other === undefined) return;
    const changed = comparison.add(one, other);
    if (changed.length > 0) shown.push(...await explained(pair, changed));
    progress?.(comparison.records);
  }
}

async function explained(pair: SidePair, changed: readonly ChangedCase[]): Promise<ShownCase[]> {
  const offsets = changed.map(({ offset }) => offset);
  const [before, after] = await both(pair, async (side) => new Map((await side.details(offsets)).map((detail) => [detail.offset, detail])));
  return changed.flatMap(({ offset, label, amount }) => {
    const one = before.get(offset), other = after.get(offset);
    return one === undefined || other === undefined ? [] : [{ before: one, after: other, label, amount }];
  });
}

/** A side that fails does not leave the other's failure unheard. */
async function both<T>({ before, after }: SidePair, ask: (side: Side) => Promise<T>): Promise<readonly [T, T]> {
  const [one, other] = await Promise.allSettled([ask(before), ask(after)]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return [one.value, other.value];
}
