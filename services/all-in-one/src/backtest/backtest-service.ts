import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { BacktestRequest, Backtests, BacktestState, DefinitionsChange } from '@weir/gateway';
import type { DecisionStore, EventLog } from '@weir/ports';
import { LabelBook } from './label-book';
import { surveyLog, type LogSurvey } from './log-survey';
import { RecordUnusable } from './recorded-front';
import { examplesDefault, runBacktest } from './run-backtest';
import { runVerify } from './run-verify';
import type { ModelPlace } from './side-job';
import { readPacks } from './stored-rows';
import type { ThreadFeed } from './thread-host';
import { threadPair, threadSide, type LaneJob } from './thread-pair';
import { wayOfLog } from './way-of';

/** Back-tests at once; another is turned away until one has ended. */
export const runningMax = 2;
/** Ended ones whose result is kept. */
export const keptMax = 20;
/** How far below live traffic the threads run, and the memory that each may take. */
const manners = Object.freeze({ niceness: 15, memoryMbMax: 4_096 });

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

/** A lane as it is run. */
interface RunLane { readonly job: LaneJob; readonly endOffset: number; readonly through: number; readonly survey: LogSurvey; readonly feed: ThreadFeed }
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
    const { request } = job;
    const isCompared = request.verify || changed.id === this.options.inForce().id;
    const labels = new LabelBook();
    const lanes: RunLane[] = [];
    for (let lane = 0; lane < this.options.log.lanes; lane += 1) lanes.push(await this.lane(lane, { labels, request, isCompared }));
    const total = lanes.reduce((sum, { endOffset }) => sum + endOffset, 0);
    job.state = { ...job.state, recordsTotal: total };
    const progress = (records: number): void => {
      job.abort.signal.throwIfAborted();
      job.state = { ...job.state, records: Math.min(records, total) };
    };
    const models: ModelPlace = { kind: 'artifacts', path: this.options.modelsFolder };
    if (request.verify) {
      return { ...await runVerify({ progress, lanes: lanes.map(({ job: each, through, feed }) => () => threadSide({ ...each, work: 'side', models, replaceWith: undefined, storedThrough: through }, feed)) }) };
    }
    const packed = labels.pack();
    const run = async (useRecords: boolean): Promise<Readonly<Record<string, unknown>>> => ({ ...await runBacktest({
      changed, fromMs: request.fromMs, toMs: request.toMs, examples: request.examples ?? examplesDefault, progress, signal: job.abort.signal,
      lanes: lanes.map(({ job: each, survey, through, feed }) => {
        const way = wayOfLog(survey.controls, changed, { useRecords, lanes: each.lanes, known: this.options.inForce() });
        const storedThrough = isCompared || way.kind === 'recorded' ? through : undefined;
        return { way: way.kind, open: () => threadPair({ way, job: { ...each, labels: packed }, changed, models: { before: models, after: models }, storedThrough, feed }) };
      }),
    }) });
    // The same set has to show that the whole way gives the stored decisions again, so it does not begin with them.
    if (isCompared) return run(false);
    try {
      return await run(true);
    } catch (error) {
      if (!(error instanceof RecordUnusable)) throw error;
      return run(false);
    }
  }

  private async lane(lane: number, { labels, request, isCompared }: { readonly labels: LabelBook; readonly request: BacktestRequest; readonly isCompared: boolean }): Promise<RunLane> {
    const { log, decisions } = this.options;
    const { first, next } = await log.bounds('transactions.raw', lane);
    if (first > 0) throw new WeirError('WEIR_CONFLICT', `the log of lane ${lane} begins at ${first}: a back-test needs it from its start`);
    const through = await decisions.position(lane);
    const endOffset = isCompared ? Math.min(next, through + 1) : next;
    const survey = request.verify ? { controls: undefined } : await surveyLog(log, { lane, endOffset: next }, labels);
    return { job: this.laneJob(request, lane, endOffset), endOffset, through, survey, feed: { log, stored: readPacks(decisions, lane) } };
  }

  private laneJob({ fromMs, toMs, amountField, segment }: BacktestRequest, lane: number, endOffset: number): LaneJob {
    return { lane, lanes: this.options.log.lanes, fromMs, toMs, amountField, segment, source: { kind: 'feed', fromOffset: 0, endOffset }, labels: { ids: [], fraud: new Uint8Array(0) }, ...manners };
  }

  private end(job: Job, end: Partial<BacktestState>): void { job.state = { ...job.state, ...end, endedAtMs: this.options.clock.nowMs() }; }

  private forgetOldest(): void {
    const ended = [...this.jobs].filter(([, { state }]) => state.status !== 'running');
    for (const [id] of ended.slice(0, Math.max(0, ended.length - keptMax))) this.jobs.delete(id);
  }
}
