import type { Metrics } from '@weir/platform';
import type { EventLog } from '@weir/ports';

export interface LogRetentionOptions {
  readonly log: Pick<EventLog, 'lanes' | 'bounds' | 'offsetAt' | 'forget'> & { look(): Promise<void> };
  /** Last record of the lane that is in the files of history, on the disk; -1 for none. */
  readonly historyPosition: (lane: number) => Promise<number>;
  /** Last record whose state, and everything before it, is stored. */
  readonly statePosition: (lane: number) => number;
  /** How long a record stays in the log at least, ms; undefined: for ever. */
  readonly keepMs: number | undefined;
  readonly clock: { nowMs(): number };
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
}

const everyMs = 60_000;

/**
 * Cuts the log behind what nobody needs of it any more: what is in the files of history, stands behind the stored state of its lane, and is old enough. All
 * three only ever go on, and a cut is one transaction, so whatever is interrupted leaves a record in the log or in history, never in neither.
 */
export class LogRetention {
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private readonly firsts;

  constructor(private readonly options: LogRetentionOptions) {
    this.firsts = options.metrics.gauge({ service: 'log', noun: 'first', help: 'First record of the lane that the log itself still holds; what is before it is in history.', labels: ['lane'] }, 'offset');
  }

  start(): void {
    this.timer = setInterval(() => { this.working = this.once().catch(this.options.onError); }, everyMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.working;
  }

  /** @throws what the log or history says. */
  async once(): Promise<void> {
    const { log, historyPosition, statePosition, keepMs, clock } = this.options;
    await log.look();
    for (let lane = 0; lane < log.lanes; lane += 1) {
      if (keepMs !== undefined) {
        const oldEnough = await log.offsetAt('transactions.raw', lane, clock.nowMs() - keepMs);
        const before = Math.min(oldEnough, await historyPosition(lane) + 1, statePosition(lane) + 1);
        if (before > 0) await log.forget('transactions.raw', lane, before);
      }
      this.firsts.set({ lane: String(lane) }, (await log.bounds('transactions.raw', lane)).first);
    }
  }
}
