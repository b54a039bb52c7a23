import type { Metrics } from '@weir/platform';
import type { CaseStore, Clock } from '@weir/ports';

/** How long a count stands, so that being asked for metrics often costs nothing. */
const countEveryMs = 5_000;

/** The review queue in figures, counted when metrics are asked for. What could not be counted stays as it was. */
export function caseMetrics(metrics: Metrics, { cases, clock, onError }: { readonly cases: CaseStore; readonly clock: Clock; readonly onError: (error: unknown) => void }): void {
  let countedAtMs = -Infinity, counting: Promise<void> = Promise.resolve();
  const standing = metrics.gauge({ service: 'cases', noun: 'unresolved', help: 'Cases that are not resolved, by whether somebody has claimed them.', labels: ['status'] }, 'count', () => counted());
  const overdue = metrics.gauge({ service: 'cases', noun: 'overdue', help: 'Cases that are due and not resolved.' }, 'count', () => counted());
  const count = async (): Promise<void> => {
    const counts = await cases.count(clock.nowMs());
    standing.set({ status: 'open' }, counts.open);
    standing.set({ status: 'claimed' }, counts.claimed);
    overdue.set(counts.overdue);
  };
  function counted(): Promise<void> {
    if (clock.nowMs() - countedAtMs < countEveryMs) return counting;
    countedAtMs = clock.nowMs();
    return (counting = count().catch(onError));
  }
}
