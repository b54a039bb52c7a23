import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';
import { repositoryRoot } from '../folders';
import type { FromBacktest } from './backtest-process';
import { errorOf } from './failure';
import type { SuiteBacktest, TellProgress } from './suite-backtest';

/** Heap of the process beside its threads': labels and figures, MB. */
const heapMbMax = 2_048;
/** What it said last is kept, for when it ends unasked. */
const saidCharsMax = 2_000;
/** After so long without an end it is ended by force, ms. */
const graceMs = 1_000;

const built = join(__dirname, 'backtest-process.js');
/** Uncompiled code starts the compiled process. */
const program = existsSync(built) ? built : join(repositoryRoot(), 'dist/services/all-in-one/src/backtest/backtest-process.js');

type Report = Readonly<Record<string, unknown>>;

/** A back-test in a process of its own, as the suite sees it. It ends with the suite, however that ends; and the suite hears how it ended. */
export class BacktestChild {
  readonly report: Promise<Report>;
  private readonly child: ChildProcess;
  private readonly gone: Promise<void>;
  private ended: { readonly report: Report } | { readonly error: Error } | undefined;
  private said = '';

  constructor(backtest: SuiteBacktest, { env, niceness, tellProgress }: { readonly env: NodeJS.ProcessEnv; readonly niceness: number; readonly tellProgress: TellProgress }) {
    this.child = fork(program, [String(niceness)], {
      env, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: ['--enable-source-maps', '--disable-warning=ExperimentalWarning', `--max-old-space-size=${heapMbMax}`],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => { this.said = (this.said + chunk.toString()).slice(-saidCharsMax); });
    this.child.on('message', (message: FromBacktest) => {
      if (message.kind === 'progress') tellProgress(message.records, message.total);
      else this.ended ??= message.kind === 'done' ? { report: message.report } : { error: errorOf(message) };
    });
    this.gone = new Promise((resolve) => {
      // A process that could not be started has no end, only an error.
      this.child.on('error', (error) => { this.ended ??= { error }; if (this.child.pid === undefined) resolve(); });
      // Its last words may come after its end. (`close` says both, but not where the channel was closed here.)
      const silent = new Promise((said) => { this.child.stderr?.once('close', said); });
      this.child.on('exit', (code, signal) => { void silent.then(() => { this.ended ??= { error: this.endedEarly(code, signal) }; resolve(); }); });
    });
    this.report = this.gone.then(() => {
      if (this.ended === undefined || 'error' in this.ended) throw this.ended?.error ?? new Error('the back-test did not begin');
      return this.ended.report;
    });
    this.child.send(backtest, (error) => { if (error !== null) this.ended ??= { error }; });
  }

  get pid(): number | undefined { return this.child.pid; }

  /** Ends it before its time; the report is refused with the reason. */
  async end(reason: Error): Promise<void> {
    this.ended ??= { error: reason };
    if (this.child.connected) this.child.disconnect();
    const force = setTimeout(() => { this.child.kill('SIGKILL'); }, graceMs);
    await this.gone;
    clearTimeout(force);
  }

  private endedEarly(code: number | null, signal: NodeJS.Signals | null): Error {
    if (this.said.includes('heap out of memory')) return new WeirError('WEIR_LIMIT_REACHED', `the back-test needs more than the ${heapMbMax} MB that it may take`);
    const how = signal === null ? `exit code ${code ?? '?'}` : `${signal}${signal === 'SIGKILL' ? ': by hand, or by the system for want of memory' : ''}`;
    return new Error(`the back-test's process ended before its report (${how})${this.said === '' ? '' : `: ${this.said.trim()}`}`);
  }
}
