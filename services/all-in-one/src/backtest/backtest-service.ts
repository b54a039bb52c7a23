import { WeirError } from '@weir/contracts';
import { findingText, type DefinitionSet } from '@weir/definitions';
import type { BacktestRequest, Backtests, BacktestState, DefinitionsChange } from '@weir/gateway';
import { readNiceness } from './backtest-config';
import { BacktestChild } from './backtest-child';
import type { SetText, SuitePlace } from './side-job';
import type { SuiteBacktest } from './suite-backtest';

/** Back-tests at once; another is turned away until one has ended. */
const runningMax = 2;
/** Ended ones whose result is kept. */
const keptMax = 20;
/** Memory that each thread of one may take, MB. */
const memoryMbMax = 4_096;

export interface BacktestServiceOptions {
  readonly place: SuitePlace;
  /** The whole set that a change would give. @throws WeirError with its findings. */
  readonly resolve: (change: DefinitionsChange) => Promise<DefinitionSet>;
  readonly inForce: () => DefinitionSet;
  /** Folder of the suite's model files, by their hash. */
  readonly modelsFolder: string;
  readonly clock: { nowMs(): number };
  /** Of the processes. */
  readonly env: NodeJS.ProcessEnv;
}

/** It was asked to end, and that is no failure. */
class Cancelled extends Error { override readonly name = 'Cancelled'; }

interface Job { readonly child: BacktestChild; state: BacktestState; done: Promise<void> }

/** Back-tests and verifications over a running suite's own log, each in a process behind everything else. Nothing of them reaches the lanes. */
export class BacktestService implements Backtests {
  private readonly jobs = new Map<string, Job>();
  private count = 0;

  private readonly niceness: number;

  /** @throws WeirError WEIR_USAGE. */
  constructor(private readonly options: BacktestServiceOptions) { this.niceness = readNiceness(options.env); }

  async start({ change, ...request }: BacktestRequest): Promise<BacktestState> {
    const { place, modelsFolder, clock, env } = this.options, inForce = this.options.inForce();
    const changed = change === undefined ? inForce : await this.options.resolve(change);
    const running = [...this.jobs.values()].filter(({ state }) => state.status === 'running').length;
    if (running >= runningMax) throw new WeirError('WEIR_LIMIT_REACHED', `${running} back-tests run, at most ${runningMax} at once`, { retriable: true });
    const id = `b-${clock.nowMs().toString(36)}-${++this.count}`;
    const backtest: SuiteBacktest = { place, modelsFolder, request, inForce: textOf(inForce), changed: textOf(changed), memoryMbMax };
    const child = new BacktestChild(backtest, { env, niceness: this.niceness, tellProgress: (records, recordsTotal) => { job.state = { ...job.state, records, recordsTotal }; } });
    const job: Job = { child, done: Promise.resolve(), state: { id, status: 'running', verify: request.verify, startedAtMs: clock.nowMs(), endedAtMs: null, records: 0, recordsTotal: null, report: null, error: null } };
    this.jobs.set(id, job);
    this.forgetOldest();
    job.done = child.report.then((report) => { this.end(job, { status: 'done', records: job.state.recordsTotal ?? 0, report }); }, (error: unknown) => { this.end(job, error instanceof Cancelled ? { status: 'cancelled' } : { status: 'failed', error: textOfError(error) }); });
    return job.state;
  }

  byId(id: string): Promise<BacktestState | undefined> { return Promise.resolve(this.jobs.get(id)?.state); }

  async cancel(id: string): Promise<BacktestState> {
    const job = this.jobs.get(id);
    if (job === undefined) throw new WeirError('WEIR_NOT_FOUND', 'no back-test has this id, or it was forgotten');
    const wasRunning = job.state.status === 'running';
    if (wasRunning) {
      await job.child.end(new Cancelled());
      await job.done;
    }
    // Its report may have come first.
    if (!wasRunning || job.state.status !== 'cancelled') throw new WeirError('WEIR_CONFLICT', `${id} has ended (${job.state.status})`);
    return job.state;
  }

  all(): Promise<readonly BacktestState[]> { return Promise.resolve([...this.jobs.values()].map(({ state }) => ({ ...state, report: null })).reverse()); }

  /** Ends what runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.jobs.values()].map(async ({ child, done, state }) => {
      if (state.status === 'running') await child.end(new WeirError('WEIR_CONFLICT', 'the suite stops'));
      await done;
    }));
  }

  private end(job: Job, end: Partial<BacktestState>): void { job.state = { ...job.state, ...end, endedAtMs: this.options.clock.nowMs() }; }

  private forgetOldest(): void {
    const ended = [...this.jobs].filter(([, { state }]) => state.status !== 'running');
    for (const [id] of ended.slice(0, Math.max(0, ended.length - keptMax))) this.jobs.delete(id);
  }
}

const textOf = ({ id, canonicalJson }: DefinitionSet): SetText => ({ setId: id, json: canonicalJson });

function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const findings = error instanceof WeirError ? error.findings.map(findingText).filter((finding) => !error.message.includes(finding)) : [];
  return [error.message, ...findings].join('; ');
}
