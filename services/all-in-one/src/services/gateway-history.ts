import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LmdbOnlineStore } from '@weir/adapters/lmdb';
import { WeirError } from '@weir/contracts';
import type { History } from '@weir/gateway';
import { LaneKeeper, WorkRunner } from '@weir/pipeline';
import type { Logger, Metrics } from '@weir/platform';
import type { Clock, EventLog } from '@weir/ports';
import type { HistoryJob } from '../history/history-job';
import { HistoryService } from '../history/history-service';

export interface GatewayHistoryOptions { readonly job: HistoryJob; readonly log: EventLog; readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics; /** Resolves when the decisions of all that is in the lanes are here. */ readonly caughtUp: () => Promise<void> }

/** What the outcomes are judged by is kept so often; a start behind a crash judges the rest again. */
const checkpointMs = 5_000;
/** Nobody waits for an outcome: those of a quarter of a second share a batch, and a block in the store. */
const batchEveryMs = 250;
const reachedWithinMs = 60_000, lookAgainMs = 20;

/** History of the lanes, written by a gateway: the decisions it keeps, and outcomes that it judges for itself. */
export class GatewayHistory {
  private readonly service: HistoryService;
  private readonly state: LmdbOnlineStore;
  private readonly keeper: LaneKeeper;

  constructor(private readonly options: GatewayHistoryOptions) {
    const { job, log, clock, logger } = options;
    this.service = new HistoryService({ job, log, logger, metrics: options.metrics });
    const store = this.state = new LmdbOnlineStore({ path: join(job.dataDir, 'history-state') });
    this.keeper = new LaneKeeper({
      build: (lane) => new WorkRunner({ lane, log, store, clock, work: this.service.work(lane), checkpointMs, batchEveryMs }),
      onRestart: (lane, error) => { logger.warn({ lane, err: error }, 'history of a lane could not be followed; it is tried again'); },
      // Decisions go on; history stands, and `weir_history_position_offset` with it.
      onFatal: (lane, error) => { this.service.failed(); logger.error({ lane, err: error }, 'history of a lane cannot go on'); },
    });
  }

  /** What callers ask of it. */
  get forCallers(): History { return { path: this.service.path, lanes: () => this.service.lanes(), flush: () => this.flush(), compact: () => this.service.compact() }; }

  start(): void {
    this.service.start();
    for (let lane = 0; lane < this.options.job.lanes; lane += 1) this.keeper.gain(lane);
  }

  /** @throws WeirError WEIR_HISTORY_FAILED, retriable, when a lane is not followed. */
  private async flush(): Promise<void> {
    const { log, job } = this.options, goal = await Promise.all(Array.from({ length: job.lanes }, async (_, lane) => (await log.bounds('transactions.raw', lane)).next - 1));
    await this.options.caughtUp();
    const untilMs = performance.now() + reachedWithinMs;
    for (const [lane, offset] of goal.entries()) {
      while (this.service.kept(lane) < offset) {
        if (performance.now() > untilMs) throw new WeirError('WEIR_HISTORY_FAILED', `history of lane ${lane} is at ${this.service.kept(lane)} of ${offset}`, { retriable: true });
        await sleep(lookAgainMs);
      }
    }
    await this.service.flush();
  }

  position(lane: number): Promise<number> { return this.service.position(lane); }

  async stop(): Promise<void> {
    await this.keeper.stop();
    await this.state.close();
    await this.service.stop();
  }
}
