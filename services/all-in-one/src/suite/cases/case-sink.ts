import type { Decision, Verdict } from '@weir/contracts';
import type { Policy } from '@weir/definitions';
import type { Sink, TakenBatch } from '@weir/pipeline';
import type { CaseRow, CaseStore } from '@weir/ports';
import type { BatchReader } from '../sinks';

/** Cases that may wait for the store, of one lane; when as many wait, the sink waits too, and the log behind it. */
const waitingMax = 5_000;
const rowsPerWriteMax = 500;
/** A commit of the embedded database stops the process until the disk has it: cases go down together, a second at a time. */
const gatherMs = 1_000;
/** What was received longer ago is history that was sent, not work for today. */
const ageMaxMs = 30 * 86_400_000;

export interface CaseSinkOptions {
  readonly reader: Pick<BatchReader, 'read'>;
  readonly store: CaseStore;
  /** How soon the cases of a verdict are due. */
  readonly slaOf: (verdict: Verdict) => Policy['sla'];
  readonly onError: (error: unknown) => void;
}

/**
 * Opens a case for each decision in review or with an alert. Cases wait in memory and are durable before the lane's state passes them; after
 * a crash they come again, and the store keeps the first of each decision. One lane each.
 */
export class CaseSink implements Sink<'full'> {
  readonly name = 'cases';
  private waiting: CaseRow[] = [];
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: CaseSinkOptions) {}

  take(batch: TakenBatch): 'full' | undefined {
    for (const row of this.options.reader.read(batch).rows) {
      if (row.outcome !== 'review' && !row.alert) continue;
      const { decision } = row;
      if (decision.meta.decided_at - row.receivedAtMs <= ageMaxMs) this.waiting.push(caseOf(decision, this.options.slaOf(decision.verdict)));
    }
    if (this.waiting.length >= waitingMax) return 'full';
    if (this.waiting.length === 0 || this.timer !== undefined) return undefined;
    this.timer = setTimeout(() => { this.flush().catch(this.options.onError); }, gatherMs);
    this.timer.unref();
    return undefined;
  }

  write(): Promise<void> { return this.flush(); }

  /** One write at a time. What could not be written goes on waiting. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.catch(() => undefined).then(() => this.writeWaiting());
    return this.writing;
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const cases = this.waiting.slice(0, rowsPerWriteMax);
      await this.options.store.open(cases);
      this.waiting = this.waiting.slice(cases.length);
    }
  }
}

function caseOf({ verdict, meta }: Decision, sla: Policy['sla']): CaseRow {
  const amount = verdict.tx['amount'];
  const minor = typeof amount === 'number' && Number.isFinite(amount) ? amount : null, priority = minor === null ? verdict.score : verdict.score * Math.abs(minor);
  const within = sla.findLast(({ from }) => from <= priority)?.withinMs;
  return {
    id: `c${verdict.id.slice(1)}`, decisionId: verdict.id, transactionId: verdict.transaction_id, outcome: verdict.outcome, score: verdict.score, createdAtMs: meta.decided_at, status: 'open', claimedBy: null,
    resolution: null, resolvedBy: null, resolvedAtMs: null, amount: minor, priority, claimedUntilMs: null, dueAtMs: within === undefined ? null : meta.decided_at + within,
  };
}
