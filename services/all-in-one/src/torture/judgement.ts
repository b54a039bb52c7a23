import type { Ledger } from './ledger';
import type { TopicContents } from './topics';

/** A fault as it was done. Times in ms since the epoch. */
export interface DoneFault { readonly fault: string; readonly startedMs: number; readonly endedMs: number; /** The most memory of each service until decisions came again, MB. */ readonly rssMaxMb?: Readonly<Record<string, number>> }

export interface FaultEffect {
  /** From the fault's begin until decisions came in time again; 0 where no transaction had to wait. */
  readonly outageMs: number;
  /** From the fault's end. */
  readonly recoveryMs: number;
  /** The most transactions that were due and not decided, at one time. */
  readonly behindMax: number;
}

/** A transaction that is decided so long after it was due had to wait for something. */
const slowMs = 1_000;

export interface Judgement {
  readonly transactions: number;
  readonly decided: number;
  /** Acknowledged, and without a decision. */
  readonly lost: readonly string[];
  /** Decided more than once, counted once for each time too many; also origins and alerts that a topic holds twice. */
  readonly doubled: number;
  /** Another verdict than in the run without faults. Degraded ones are counted apart. */
  readonly different: readonly string[];
  readonly degraded: number;
  /** Callers that were told something else than what stands in the topic. */
  readonly toldOtherwise: readonly string[];
  /** Longest time between two decisions, while transactions were sent. */
  readonly longestGapMs: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
}

/** Holds what was promised against what stands in the topics and against the run without faults (digests by transaction; undefined: not compared). */
export function judge(ledger: Ledger, topics: TopicContents, offline: ReadonlyMap<string, string> | undefined): Judgement {
  const lost: string[] = [], different: string[] = [], toldOtherwise: string[] = [], times: number[] = [], latencies: number[] = [];
  let doubled = topics.originsTwice + topics.alertsTwice, degraded = 0;
  for (const id of ledger.ids) {
    const decided = topics.byTransaction.get(id);
    if (decided === undefined) {
      if (ledger.isAcknowledged(id)) lost.push(id);
      continue;
    }
    doubled += decided.times - 1;
    if (decided.degraded) degraded += 1;
    else if (offline !== undefined && offline.get(id) !== decided.digest) different.push(id);
    if (ledger.told(id).some(({ decision, outcome, score }) => decision !== decided.decision || outcome !== decided.outcome || score !== decided.score)) toldOtherwise.push(id);
    times.push(decided.atMs);
    latencies.push(decided.atMs - (ledger.dueMs(id) ?? decided.atMs));
  }
  times.sort((a, b) => a - b);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => Math.max(0, latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0);
  return {
    transactions: ledger.sent, decided: times.length, lost, doubled, different, degraded, toldOtherwise,
    longestGapMs: times.reduce((gap, time, index) => Math.max(gap, time - (times[index - 1] ?? time)), 0), latencyP50Ms: at(0.5), latencyP99Ms: at(0.99),
  };
}

/** How long each fault was felt, from when transactions were due and when the broker had their decisions; a fault is blamed until the next begins. */
export function effectsOf(faults: readonly DoneFault[], ledger: Ledger, topics: TopicContents): readonly FaultEffect[] {
  const slow: Array<{ readonly dueMs: number; readonly atMs: number }> = [];
  for (const id of ledger.ids) {
    const dueMs = ledger.dueMs(id), decided = topics.byTransaction.get(id);
    if (dueMs !== undefined && decided !== undefined && decided.atMs - dueMs > slowMs) slow.push({ dueMs, atMs: decided.atMs });
  }
  const behind = behindOf(faults, ledger, topics);
  return faults.map(({ startedMs, endedMs }, index) => {
    const nextMs = faults[index + 1]?.startedMs ?? Infinity;
    const lastMs = slow.reduce((last, { dueMs, atMs }) => (atMs >= startedMs && dueMs < nextMs - slowMs ? Math.max(last, atMs) : last), 0);
    return { outageMs: Math.max(0, Math.round(lastMs - startedMs)), recoveryMs: Math.max(0, Math.round(lastMs - endedMs)), behindMax: behind[index] ?? 0 };
  });
}

/** The most transactions that waited at one time, from each fault's begin until the next one's. */
function behindOf(faults: readonly DoneFault[], ledger: Ledger, topics: TopicContents): readonly number[] {
  const changes: Array<readonly [atMs: number, by: 1 | -1]> = [], most = faults.map(() => 0);
  for (const id of ledger.ids) {
    const dueMs = ledger.dueMs(id), decided = topics.byTransaction.get(id);
    if (dueMs !== undefined && decided !== undefined) changes.push([dueMs, 1], [Math.max(dueMs, decided.atMs), -1]);
  }
  changes.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  let waiting = 0, at = -1;
  for (const [atMs, by] of changes) {
    while ((faults[at + 1]?.startedMs ?? Infinity) <= atMs) at += 1;
    waiting += by;
    if (at >= 0) most[at] = Math.max(most[at] ?? 0, waiting);
  }
  return most;
}
