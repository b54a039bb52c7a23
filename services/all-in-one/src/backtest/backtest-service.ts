import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { BacktestRequest, Backtests, BacktestState, DefinitionsChange } from '@weir/gateway';
import type { DecisionStore, EventLog } from '@weir/ports';
import { LabelBook } from './label-book';
import { readLogLabels } from './label-log';
import { examplesDefault, runBacktest } from './run-backtest';
import { runVerify } from './run-verify';
import type { SideJob } from './side-job';
import { storedRowsOf } from './stored-rows';
import { threadPair, type LaneJob } from './thread-pair';
import { ThreadSide, type SideFeed } from './thread-side';

/** Back-tests at once; another is turned away until one has ended. */
export const runningMax = 2;
/** Ended ones whose result is kept. */
export const keptMax = 20;
/** How far below live traffic the threads run. */
const niceness = 15;

export interface BacktestServiceOptions {
  readonly log: EventLog;
  readonly decisions: DecisionStore;
  /** The whole set that a change would give. @throws WeirError with its findings. */
  readonly resolve: (change: DefinitionsChange) => Promise<DefinitionSet>;
  readonly inForce: () => DefinitionSet;
  /** Folder of the suite's model files, by their hash. */
  readonly modelsFolder: string;
  readonly clock: { nowMs(): number };
}

interface Job { readonly request: BacktestRequest; readonly abort: AbortController; state: BacktestState; done: Promise<void> }

/** Back-tests and verifications over a running suite's own log, in threads of low priority. Nothing of them reaches the lanes. */
export class BacktestService implements Backtests {
  private readonly jobs = new Map<string, Job>();
  private count = 0;

  constructor(private readonly options: BacktestServiceOptions) {}

  async start(request: BacktestRequest): Promise<BacktestState> {
    const changed = request.change === undefined ? this.options.inForce() : await this.options.resolve(request.change);
    const running = [...this.jobs.values()].filter(({ state }) => state.status === 'running').length;
    if (running >= runningMax) throw new WeirError('WEIR_LIMIT_REACHED', `${running} back-tests run, at most ${runningMax} at once`, { retriable: true });
    const id = `b-${this.options.clock.nowMs().toString(36)}-${++this.count}`;
    const job: Job = {
      request, abort: new AbortController(), done: Promise.resolve(),
      state: { id, status: 'running', verify: request.verify, startedAtMs: this.options.clock.nowMs(), endedAtMs: null, records: 0, recordsTotal: null, report: null, error: null },
    };
    this.jobs.set(id, job);
    this.forgetOldest();
    job.done = this.run(job, changed).then(
      (report) => { this.end(job, { status: 'done', report }); },
      (error: unknown) => { this.end(job, { status: 'failed', error: error instanceof Error ? error.message : String(error) }); },
    );
    return job.state;
  }

  byId(id: string): Promise<BacktestState | undefined> { return Promise.resolve(this.jobs.get(id)?.state); }

  all(): Promise<readonly BacktestState[]> { return Promise.resolve([...this.jobs.values()].map(({ state }) => ({ ...state, report: null })).reverse()); }

  /** Ends what runs. */
  async stop(): Promise<void> {
    for (const { abort } of this.jobs.values()) abort.abort(new WeirError('WEIR_CONFLICT', 'the suite stops'));
    await Promise.all([...this.jobs.values()].map(({ done }) => done));
  }

  private async run(job: Job, changed: DefinitionSet): Promise<Readonly<Record<string, unknown>>> {
    const { log, decisions, modelsFolder } = this.options;
    const { request } = job;
    const isCompared = request.verify || changed.id === this.options.inForce().id;
    const labels = new LabelBook();
    const lanes: Array<{ readonly job: LaneJob; readonly through: number; readonly feed: SideFeed }> = [];
    for (let lane = 0; lane < log.lanes; lane += 1) {
      const { first, next } = await log.bounds('transactions.raw', lane);
      if (first > 0) throw new WeirError('WEIR_CONFLICT', `the log of lane ${lane} begins at ${first}: a back-test needs it from its start`);
      const through = await decisions.position(lane);
      const endOffset = isCompared ? Math.min(next, through + 1) : next;
      if (!request.verify) await readLogLabels(log, { lane, endOffset: next }, labels);
      lanes.push({ job: this.laneJob(request, lane, endOffset), through, feed: { log, stored: storedRowsOf(decisions, lane) } });
    }
    job.state = { ...job.state, recordsTotal: lanes.reduce((sum, each) => sum + (each.job.source.kind === 'feed' ? each.job.source.endOffset : 0), 0) };
    const progress = (records: number): void => {
      job.abort.signal.throwIfAborted();
      job.state = { ...job.state, records };
    };
    const models: SideJob['models'] = { kind: 'artifacts', path: modelsFolder };
    if (request.verify) {
      return { ...await runVerify({ progress, lanes: lanes.map(({ job: each, through, feed }) => () => new ThreadSide({ ...each, models, replaceWith: undefined, storedThrough: through }, feed)) }) };
    }
    const packed = labels.pack();
    return { ...await runBacktest({
      changed, fromMs: request.fromMs, toMs: request.toMs, examples: request.examples ?? examplesDefault, progress, signal: job.abort.signal,
      lanes: lanes.map(({ job: each, through, feed }) => () => threadPair({ job: { ...each, labels: packed }, changed, models: { before: models, after: models }, storedThrough: isCompared ? through : undefined, feed })),
    }) };
  }

  private laneJob({ fromMs, toMs, amountField, segment }: BacktestRequest, lane: number, endOffset: number): LaneJob {
    return { lane, lanes: this.options.log.lanes, fromMs, toMs, amountField, segment, source: { kind: 'feed', fromOffset: 0, endOffset }, labels: { ids: [], fraud: new Uint8Array(0) }, niceness };
  }

  private end(job: Job, end: Partial<BacktestState>): void { job.state = { ...job.state, ...end, endedAtMs: this.options.clock.nowMs() }; }

  private forgetOldest(): void {
    const ended = [...this.jobs].filter(([, { state }]) => state.status !== 'running');
    for (const [id] of ended.slice(0, Math.max(0, ended.length - keptMax))) this.jobs.delete(id);
  }
}
